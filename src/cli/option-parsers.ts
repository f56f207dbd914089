import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';
import * as z from 'zod';

import { isIdentifier } from '../internal/options';
import { isObject } from '../internal/type-guards';

/** Parses `90d`, `12h` or `30m` to milliseconds. */
export function duration(text: string): number {
  const length = parseDuration(text);
  if (length === undefined) {
    throw new InvalidArgumentError(`It must be a number with a unit: ${DURATIONS}.`);
  }
  return length;
}

/**
 * When a key expires; null for never. An object, since Commander ignores a parser that returns
 * null.
 */
export interface Expiry {
  readonly expiresAt: number | null;
}

/** Parses a duration from now, a date or time (RFC 3339), or `never`. */
export function expiry(text: string): Expiry {
  if (text === 'never') {
    return { expiresAt: null };
  }
  const length = parseDuration(text);
  const expiresAt = length === undefined ? parseDate(text) : Date.now() + length;
  if (expiresAt === undefined || !Number.isFinite(new Date(expiresAt).getTime())) {
    throw new InvalidArgumentError(
      `It must be never, a date such as 2027-01-31, or a number with a unit: ${DURATIONS}.`,
    );
  }
  if (expiresAt <= Date.now()) {
    throw new InvalidArgumentError(
      'It is in the past. To end a key now, use "latchkey keys revoke".',
    );
  }
  return { expiresAt };
}

/** Parses a date, a time (RFC 3339), or a duration from now. */
export const time = (text: string): number => parseTime(text, 1);

/** Parses a date, a time (RFC 3339), or a duration ago. */
export const timeAgo = (text: string): number => parseTime(text, -1);

function parseTime(text: string, direction: 1 | -1): number {
  const length = parseDuration(text);
  const result = length === undefined ? parseDate(text) : Date.now() + direction * length;
  if (result === undefined) {
    throw new InvalidArgumentError(
      `It must be a date such as 2027-01-31, or a number with a unit: ${DURATIONS}.`,
    );
  }
  return result;
}

const DURATIONS = '90d, 12h or 30m';

/** A unit is required: without one, `ms` assumes milliseconds, and users mean days. */
function parseDuration(text: string): number | undefined {
  if (!/^\d.*[a-z]$/i.test(text)) {
    return undefined;
  }
  const length: number | undefined = ms(text as StringValue);
  return length === undefined ? undefined : Math.round(length);
}

const dateSchema = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const parseDate = (text: string): number | undefined =>
  dateSchema.safeParse(text).success ? Date.parse(text) : undefined;

export function jsonObject(text: string): Readonly<Record<string, unknown>> {
  const value = parseJson(text);
  if (!isObject(value)) {
    throw new InvalidArgumentError('It must be a JSON object.');
  }
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) {
    throw new InvalidArgumentError('It must be a positive integer.');
  }
  return Number(text);
}

export function issuer(text: string): string {
  if (!isIdentifier(text)) {
    throw new InvalidArgumentError(
      'It must be an https URL without query and fragment (http on a loopback host).',
    );
  }
  return text;
}

/** Rejects an empty value: it may come from a shell variable that is unset by mistake. */
export function nonEmpty(text: string): string {
  if (text.trim() === '') {
    throw new InvalidArgumentError('It must not be empty.');
  }
  return text;
}

/**
 * Collects the values of an option that may be repeated, and may have several values, separated by
 * spaces or commas.
 */
export function collect(text: string, before: readonly string[] | false = []): readonly string[] {
  const values = text.split(/[\s,]+/).filter((value) => value !== '');
  if (values.length === 0) {
    throw new InvalidArgumentError('It must not be empty.');
  }
  return [...(before || []), ...values];
}

/** Marks an ID that begins with a dash, which Commander would parse as an option. */
export const shieldId = (argument: string): string =>
  /^-[\w-]{21}$/.test(argument) ? `=${argument}` : argument;
/** Removes the mark of `shieldId()`. */
export const id = (argument: string): string => argument.replace(/^=(?=-[\w-]{21}$)/, '');
