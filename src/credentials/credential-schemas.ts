import * as z from 'zod/mini';

import { readDigest } from '../credential/digest';
import { isScopeToken } from '../credential/scopes';
import { isSecretWord } from '../credential/secret';
import { check, checkOptions, durationMs, nonEmptyString } from '../internal/options';
import { STATUSES } from '../stores/filter';
import { type CredentialStatus } from '../stores/store';
import { isStorable, MAX_OWNER_LENGTH } from '../stores/store';
import { assertFutureExpiry, assertMilliseconds, looksLikeSeconds, MAX_TIME } from './expiry';
import type { ImportedRecord, IssueOptions } from './records';

const MAX_PAGE = 1_000;

/** Members that select a page of a list. */
export const pageMembers = {
  after: z.optional(nonEmptyString),
  limit: z.optional(
    check(
      `a whole number from 1 to ${MAX_PAGE}`,
      (value) =>
        typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_PAGE,
    ),
  ),
};

/** Members that name an owner: exactly one of the three. */
export const ownerMembers = {
  subject: z.optional(nonEmptyString),
  clientId: z.optional(nonEmptyString),
  grantId: z.optional(nonEmptyString),
};
export const ONE_OWNER = 'give one of "subject", "clientId" and "grantId"';
const AT_MOST_ONE_OWNER = 'give at most one of "subject", "clientId" and "grantId"';

interface Owners {
  readonly subject?: unknown;
  readonly clientId?: unknown;
  readonly grantId?: unknown;
}

const countOwners = ({ subject, clientId, grantId }: Owners): number =>
  [subject, clientId, grantId].filter((id) => id !== undefined).length;
export const namesOneOwner = (owners: Owners): boolean => countOwners(owners) === 1;

const OWNER = `a string of Unicode without NUL, of 1 to ${MAX_OWNER_LENGTH} characters`;
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MAX_TIME;
const isDay = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) && !isNaN(Date.parse(value));
const isStatus = (value: unknown): value is CredentialStatus =>
  STATUSES.some((status) => status === value);
const isKeepable = (value: unknown): value is string =>
  typeof value === 'string' && isStorable(value);
const isOwner = (value: unknown): boolean =>
  isKeepable(value) && value !== '' && value.length <= MAX_OWNER_LENGTH;

const time = check('a time in whole milliseconds since the epoch', isTime);
const timeOrNull = check(
  'a time in whole milliseconds since the epoch, or null',
  (value) => value === null || isTime(value),
);
const scopes = check(
  'a list of scopes (RFC 6749 §3.3: visible ASCII without space, " and \\)',
  (value) => Array.isArray(value) && value.every(isScopeToken),
);
const name = check(
  'a string of Unicode without NUL, or null',
  (value) => value === null || isKeepable(value),
);
/** A subject, client or grant that every store can keep. */
export const ownerId = check(OWNER, isOwner);
const ownerOrNull = check(`${OWNER}, or null`, (value) => value === null || isOwner(value));
const metadata = check('an object of JSON values', isJsonObject);

/** Members of a credential, whether it is issued or imported. */
const common = {
  subject: ownerId,
  scopes,
  name: z.optional(name),
  expiresAt: z.optional(timeOrNull),
  clientId: z.optional(ownerOrNull),
  grantId: z.optional(ownerOrNull),
  confirmation: z.optional(
    check('an object of JSON values or null', (value) => value === null || isJsonObject(value)),
  ),
  metadata: z.optional(metadata),
};
const imported = z.strictObject({
  ...common,
  digest: check(
    'a SHA-256 digest of the whole key, in base64url, base64 or hex (declare another hash by apiKeys({ legacy: [{ form, digest }] }); salted hashes cannot be imported)',
    (value) => typeof value === 'string' && readDigest(value) !== undefined,
  ),
  environment: z.optional(
    check('an environment or null', (value) => value === null || isSecretWord(value)),
  ),
  hint: z.optional(check('a string', (value) => typeof value === 'string')),
  issuedAt: z.optional(time),
  revokedAt: z.optional(timeOrNull),
});
const issued = (environments: readonly string[] | undefined) => {
  const environment = check(
    environments
      ? `one of ${environments.join(', ')}`
      : '1 to 32 lower-case letters and digits, a letter first',
    (value) => isSecretWord(value) && (environments?.includes(value) ?? true),
  );
  return z.strictObject({ ...common, environment: z.optional(environment) });
};
const update = z.strictObject({
  name: z.optional(name),
  scopes: z.optional(scopes),
  metadata: z.optional(metadata),
  expiresAt: z.optional(timeOrNull),
});
const iterable = check(
  'a list, or another iterable',
  (value) => typeof (value as Iterable<unknown> | null)?.[Symbol.iterator] === 'function',
);
const rotate = z.strictObject({
  overlapMs: z.optional(durationMs(0, Number.MAX_SAFE_INTEGER)),
  expiresAt: z.optional(timeOrNull),
});
const revokeAll = z.strictObject(ownerMembers).check(z.refine(namesOneOwner, { error: ONE_OWNER }));
const list = z
  .strictObject({
    ...ownerMembers,
    ...pageMembers,
    status: z.optional(check(`one of ${STATUSES.join(', ')}`, (value) => isStatus(value))),
    expiresBefore: z.optional(
      check(
        'a time in whole milliseconds since the epoch, not in seconds',
        (value) => isTime(value) && !looksLikeSeconds(value),
      ),
    ),
    name: z.optional(
      check(
        `a string of 1 to ${MAX_OWNER_LENGTH} characters`,
        (value) => typeof value === 'string' && value !== '' && value.length <= MAX_OWNER_LENGTH,
      ),
    ),
  })
  .check(z.refine((options) => countOwners(options) <= 1, { error: AT_MOST_ONE_OWNER }));
const dayOrTime = check<number | string>(
  "a day such as '2026-11-30', or a time in whole milliseconds since the epoch",
  (value) => (isTime(value) ? !looksLikeSeconds(value) : isDay(value)),
);
const usage = z.strictObject({ from: z.optional(dayOrTime), to: z.optional(dayOrTime) });
const context = z.strictObject({ actor: z.optional(nonEmptyString) });
const prune = z.strictObject({ olderThanMs: z.optional(durationMs(0, Number.MAX_SAFE_INTEGER)) });

/**
 * Checks the arguments of a credential manager. A wrong argument is a TypeError that names it and
 * says what is allowed.
 */
export function credentialSchemas(verifier: string, environments: readonly string[] | undefined) {
  const issue = issued(environments);
  return {
    issue(options: IssueOptions) {
      checkOptions(`${verifier}.issue()`, issue, options);
      assertFutureExpiry(`${verifier}.issue()`, options.expiresAt);
    },
    rotate(options: { readonly expiresAt?: number | null }) {
      checkOptions(`${verifier}.rotate()`, rotate, options);
      assertFutureExpiry(`${verifier}.rotate()`, options.expiresAt);
    },
    update(changes: { readonly expiresAt?: number | null }) {
      checkOptions(`${verifier}.update()`, update, changes);
      assertFutureExpiry(`${verifier}.update()`, changes.expiresAt);
    },
    list: (options: unknown) => checkOptions(`${verifier}.list()`, list, options),
    usage: (options: unknown) => checkOptions(`${verifier}.usage()`, usage, options),
    context: (method: string, value: unknown) =>
      checkOptions(`${verifier}.${method}()`, context, value),
    prune: (options: unknown) => checkOptions(`${verifier}.prune()`, prune, options),
    importAll: (records: unknown) =>
      checkOptions(`${verifier}.import(records): records`, iterable, records),
    import(record: ImportedRecord, index: number) {
      const where = `${verifier}.import(): record ${index}`;
      checkOptions(where, imported, record);
      const { expiresAt, issuedAt, revokedAt } = record;
      assertMilliseconds(where, { expiresAt, issuedAt, revokedAt });
    },
    id: (id: unknown) => checkOptions(`${verifier}: id`, nonEmptyString, id),
    revokeAll: (options: unknown) => checkOptions(`${verifier}.revokeAll()`, revokeAll, options),
  };
}

function isJsonObject(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return false;
  }
  try {
    return JSON.stringify(JSON.parse(JSON.stringify(value))) === JSON.stringify(value);
  } catch {
    return false;
  }
}
