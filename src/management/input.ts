import { isScopeToken } from '../credential/scopes';
import { isObject } from '../internal/type-guards';
import { isStorable } from '../stores/store';
import { type Account, grantableScopes } from './account';
import {
  fail,
  type Fault,
  forbiddenScope,
  invalidField,
  invalidRequest,
  type Outcome,
  succeed,
} from './faults';
import type { ManagementContext } from './options';

/** Fields as a client sent them. */
export type Fields = Readonly<Record<string, unknown>>;

export const MAX_NAME_LENGTH = 200;

/** Returns the fields of an input, of which none may be unknown. Undefined is an empty input. */
export function readFields(input: unknown, known: readonly string[]): Outcome<Fields> {
  const fields = input ?? {};
  if (!isObject(fields)) {
    return fail(invalidRequest('The request body must be a JSON object'));
  }
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  return unknown === undefined
    ? succeed(fields)
    : fail(invalidField(shorten(unknown), `is not a known field; known are ${list(known)}`));
}

/** Field names of the client are quoted, so a long one must not make a long response. */
const shorten = (name: string): string => name.slice(0, 64);
const list = (names: readonly string[]): string => names.join(', ') || 'none';

/** Returns the first fault, or undefined. */
export const firstFault = (...faults: readonly (Fault | undefined)[]): Fault | undefined =>
  faults.find((fault) => fault !== undefined);

export function nameFault(name: unknown): Fault | undefined {
  const isName = typeof name === 'string' && name.trim() !== '' && isShortText(name);
  return isName
    ? undefined
    : invalidField('name', `must be text of 1 to ${MAX_NAME_LENGTH} characters`);
}

const isShortText = (text: string): boolean =>
  [...text].length <= MAX_NAME_LENGTH && isStorable(text) && !/\p{Cc}/u.test(text);

/**
 * Checks the scopes that a key or an app is to have.
 *
 * @param kept Scopes that it has already: they are not granted by this request.
 */
export function scopesFault(
  context: ManagementContext,
  account: Account,
  scopes: unknown,
  kept: readonly string[] = [],
): Fault | undefined {
  if (!Array.isArray(scopes) || !scopes.every(isScopeToken)) {
    return invalidField('scopes', 'must be a list of scopes');
  }
  const allowed = [...grantableScopes(context.scopes, account), ...kept];
  const refused = scopes.find((scope) => !allowed.includes(scope));
  return refused === undefined ? undefined : forbiddenScope(refused.slice(0, 128));
}

/** Query parameters and form fields are text: turns digits into a number. */
export const toNumber = (value: unknown): unknown =>
  typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;

export const MAX_OVERLAP_MS = 90 * 24 * 3_600_000;

/** Checks how long a replaced secret stays valid. */
export function overlapFault(overlapMs: unknown): Fault | undefined {
  const isValid =
    overlapMs === undefined ||
    (Number.isInteger(overlapMs) && Number(overlapMs) >= 0 && Number(overlapMs) <= MAX_OVERLAP_MS);
  return isValid
    ? undefined
    : invalidField(
        'overlapMs',
        `must be a whole number of milliseconds from 0 to ${MAX_OVERLAP_MS}`,
      );
}

const OPTION = /option "([A-Za-z]+)[^"]*" ([^;]*)/;

/**
 * Calls a method of Latchkey, whose error for an invalid argument becomes a fault if the argument
 * is a field of the client.
 */
export async function attempt<T>(
  fields: readonly string[],
  call: () => Promise<T>,
): Promise<Outcome<T>> {
  try {
    return succeed(await call());
  } catch (error) {
    const { code, message } = error as { code?: unknown; message?: unknown };
    const isOption = code === 'ERR_LATCHKEY_OPTION' || code === 'ERR_LATCHKEY_EXPIRY';
    const [, field = '', sentence = ''] = (isOption && OPTION.exec(String(message))) || [];
    if (!fields.includes(field)) {
      throw error;
    }
    return fail(invalidField(field, sentence.trim()));
  }
}
