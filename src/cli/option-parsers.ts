import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';
import * as z from 'zod';
import { isIdentifier } from '../internal/options';

/** `90d`, `12h`, `30m` as milliseconds. */
export function duration(text: string): number {
  const length = lengthOf(text);
  if (length === undefined) throw new InvalidArgumentError(`a number with its unit is wanted: ${DURATIONS}.`);
  return length;
}

/** When a key ends; null is never. An object, since Commander takes a null for no value. */
export interface Expiry {
  readonly expiresAt: number | null;
}

/** A duration from now, a date or time (RFC 3339), or `never`. */
export function expiry(text: string): Expiry {
  if (text === 'never') return { expiresAt: null };
  const length = lengthOf(text);
  const expiresAt = length === undefined ? dateOf(text) : Date.now() + length;
  if (expiresAt === undefined || !Number.isFinite(new Date(expiresAt).getTime()))
    throw new InvalidArgumentError(`never, a date such as 2027-01-31, or a number with its unit is wanted: ${DURATIONS}.`);
  if (expiresAt <= Date.now()) throw new InvalidArgumentError('it lies in the past; "latchkey keys revoke" ends a key now.');
  return { expiresAt };
}

const DURATIONS = '90d, 12h or 30m';

/** Without a unit `ms` would take milliseconds, where a person means days. */
function lengthOf(text: string): number | undefined {
  const length = /^\d.*[a-z]$/i.test(text) ? ms(text as StringValue) : undefined;
  return length === undefined ? undefined : Math.round(length);
}

const aDate = z.union([z.iso.date(), z.iso.datetime({ offset: true })]);
const dateOf = (text: string): number | undefined => (aDate.safeParse(text).success ? Date.parse(text) : undefined);

export function jsonObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new InvalidArgumentError('a JSON object is wanted.');
  return value as Record<string, unknown>;
}

export function count(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('a whole number from 1 on is wanted.');
  return Number(text);
}

export function issuer(text: string): string {
  if (!isIdentifier(text)) throw new InvalidArgumentError('an https URL without query and fragment is wanted (http on a loopback host).');
  return text;
}

/** For an option that may stand more than once, or have several values. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(/[\s,]+/).filter((one) => one !== ''),
];

/** An id may begin with a dash, and would be taken for an option. */
export const shieldId = (argument: string): string => (/^-[\w-]{21}$/.test(argument) ? `=${argument}` : argument);
export const id = (argument: string): string => argument.replace(/^=(?=-[\w-]{21}$)/, '');
