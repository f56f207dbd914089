import { InvalidArgumentError } from 'commander';
import ms, { type StringValue } from 'ms';

/** `90d`, `12h`, `30m` as milliseconds. */
export function duration(text: string): number {
  const length = /^\d/.test(text) ? ms(text as StringValue) : undefined;
  if (length === undefined) throw new InvalidArgumentError('a duration such as 90d, 12h or 30m is wanted.');
  return length;
}

/** A duration from now, a date, or `never`: as a time in milliseconds since the epoch, or null. */
export function expiry(text: string): number | null {
  if (text === 'never') return null;
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(date)) return date;
  const length = /^\d/.test(text) ? ms(text as StringValue) : undefined;
  if (length === undefined) throw new InvalidArgumentError('never, a date such as 2027-01-31, or a duration such as 90d is wanted.');
  return Date.now() + length;
}

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

/** For an option that may stand more than once, or have several values. */
export const collect = (value: string, before: readonly string[] = []): readonly string[] => [
  ...before,
  ...value.split(/[\s,]+/).filter((one) => one !== ''),
];

/** An id may begin with a dash, and would be taken for an option. */
export const shieldId = (argument: string): string => (/^-[\w-]{21}$/.test(argument) ? `=${argument}` : argument);
export const id = (argument: string): string => argument.replace(/^=/, '');
