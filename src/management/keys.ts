import type { CredentialChanges, ListOptions } from '../credentials/manager-types';
import type { PublicRecord } from '../credentials/records';
import { omitUndefined } from '../internal/objects';
import type { DailyUsage } from '../stores/usage-days';
import { type Account, changeContext } from './account';
import { conflict, fail, NOT_FOUND, type Outcome, succeed } from './faults';
import { attempt, firstFault, nameFault, readFields, scopesFault, toNumber } from './input';
import { expiryFault, extensionFault, inTurn, liveKeys } from './key-limits';
import { type ManagedKey, toManagedKey } from './key-view';
import type { ManagementContext } from './options';
import { readPage } from './read-page';

/** A page of keys. `next` is the ID after which the next page begins, null on the last page. */
export interface KeyPage {
  readonly keys: readonly ManagedKey[];
  readonly next: string | null;
}

const LIST_FIELDS = ['status', 'name', 'expiresBefore', 'after', 'limit'];

/** Lists the keys of the account in the order in which they were created. */
export async function listKeys(
  { keys }: ManagementContext,
  { subject }: Account,
  input?: unknown,
): Promise<Outcome<KeyPage>> {
  const read = readFields(input, LIST_FIELDS);
  if (!read.ok) {
    return read;
  }
  const { limit, expiresBefore, ...others } = read.value;
  const filter = omitUndefined({ ...others, expiresBefore: toNumber(expiresBefore) });
  return attempt(LIST_FIELDS, async () => {
    const { items, next } = await readPage(
      limit,
      (page) => keys.list({ ...filter, ...page, subject } as ListOptions),
      ({ id }) => id,
    );
    return { keys: items.map(toManagedKey), next };
  });
}

/** Returns the record of a key, if it is of the account. */
export async function ownKey(
  { keys }: ManagementContext,
  { subject }: Account,
  id: string,
): Promise<PublicRecord | undefined> {
  const record = id === '' ? undefined : await keys.get(id);
  return record?.subject === subject ? record : undefined;
}

export async function getKey(
  context: ManagementContext,
  account: Account,
  id: string,
): Promise<Outcome<ManagedKey>> {
  const record = await ownKey(context, account, id);
  return record ? succeed(toManagedKey(record)) : fail(NOT_FOUND);
}

const CHANGE_FIELDS = ['name', 'scopes', 'expiresAt'];

/** Changes the name, the scopes or the expiry of a key that is not revoked. */
export async function updateKey(
  context: ManagementContext,
  account: Account,
  id: string,
  input: unknown,
): Promise<Outcome<ManagedKey>> {
  const record = await ownKey(context, account, id);
  if (!record) {
    return fail(NOT_FOUND);
  }
  const read = readFields(input, CHANGE_FIELDS);
  if (!read.ok) {
    return read;
  }
  const { name, scopes, expiresAt } = read.value;
  const fault = firstFault(
    name === undefined || name === null ? undefined : nameFault(name),
    scopes === undefined ? undefined : scopesFault(context, account, scopes, record.scopes),
    expiresAt === undefined ? undefined : expiryFault(context, expiresAt, record.issuedAt),
  );
  if (fault) {
    return fail(fault);
  }
  const update: KeyUpdate = { context, account, record, changes: omitUndefined(read.value) };
  const { maxKeys } = context;
  return maxKeys === undefined || expiresAt === undefined
    ? write(update)
    : inTurn(context, account.subject, () => extendWithin(update, maxKeys));
}

interface KeyUpdate {
  readonly context: ManagementContext;
  readonly account: Account;
  readonly record: PublicRecord;
  readonly changes: CredentialChanges;
}

/** Changes the expiry of a key, which may make an expired key valid again. */
async function extendWithin(update: KeyUpdate, maxKeys: number): Promise<Outcome<ManagedKey>> {
  const live = await liveKeys(update.context, update.account.subject);
  const fault = extensionFault(maxKeys, live, update.record);
  return fault ? fail(fault) : write(update);
}

async function write({
  context,
  account,
  record,
  changes,
}: KeyUpdate): Promise<Outcome<ManagedKey>> {
  const changed = await attempt(CHANGE_FIELDS, () =>
    context.keys.update(record.id, changes, changeContext(account)),
  );
  if (!changed.ok) {
    return changed;
  }
  return changed.value ? succeed(toManagedKey(changed.value)) : fail(REVOKED);
}

const REVOKED = conflict('The key is revoked');

/** Disables a key until it is enabled. */
export const disableKey = (
  context: ManagementContext,
  account: Account,
  id: string,
): Promise<Outcome<ManagedKey>> => change(context, account, id, 'disable');

/** Enables a disabled key. */
export const enableKey = (
  context: ManagementContext,
  account: Account,
  id: string,
): Promise<Outcome<ManagedKey>> => change(context, account, id, 'enable');

/** Revokes a key for good. */
export const revokeKey = (
  context: ManagementContext,
  account: Account,
  id: string,
): Promise<Outcome<ManagedKey>> => change(context, account, id, 'revoke');

/** Makes a change that may have been made already: then nothing is changed. */
async function change(
  context: ManagementContext,
  account: Account,
  id: string,
  method: 'disable' | 'enable' | 'revoke',
): Promise<Outcome<ManagedKey>> {
  const record = await ownKey(context, account, id);
  if (!record) {
    return fail(NOT_FOUND);
  }
  if (record.revokedAt === null) {
    await context.keys[method](id, changeContext(account));
  } else if (method !== 'revoke') {
    return fail(REVOKED);
  }
  return getKey(context, account, id);
}

const USAGE_FIELDS = ['from', 'to'];

/** Returns the requests with a key per UTC day. */
export async function keyUsage(
  context: ManagementContext,
  account: Account,
  id: string,
  input?: unknown,
): Promise<Outcome<readonly DailyUsage[]>> {
  if (!(await ownKey(context, account, id))) {
    return fail(NOT_FOUND);
  }
  const read = readFields(input, USAGE_FIELDS);
  if (!read.ok) {
    return read;
  }
  const { from, to } = read.value;
  const range = omitUndefined({ from: toNumber(from), to: toNumber(to) });
  return attempt(USAGE_FIELDS, () => context.keys.usage(id, range as object));
}
