import type { IssueOptions } from '../credentials/records';
import { omitUndefined } from '../internal/objects';
import { type Account, changeContext } from './account';
import { fail, type Fault, invalidField, type Outcome } from './faults';
import { attempt, type Fields, firstFault, nameFault, readFields, scopesFault } from './input';
import { countKeys, expiryFault, inTurn, limitReached, liveKeys } from './key-limits';
import { type CreatedKey, toManagedKey } from './key-view';
import type { ManagementContext } from './options';

const CREATE_FIELDS = ['name', 'scopes', 'environment', 'expiresAt'];

/** Creates a key. The secret is returned here, and nowhere else. */
export async function createKey(
  context: ManagementContext,
  account: Account,
  input: unknown,
): Promise<Outcome<CreatedKey>> {
  const read = readFields(input, CREATE_FIELDS);
  if (!read.ok) {
    return read;
  }
  const now = Date.now();
  const fault = createFault(context, account, read.value, now);
  if (fault) {
    return fail(fault);
  }
  const { maxLifetimeMs, environments, maxKeys } = context;
  const defaults = {
    environment: environments?.[0],
    expiresAt: maxLifetimeMs === undefined ? undefined : now + maxLifetimeMs,
  };
  const wanted = omitUndefined({ ...defaults, ...omitUndefined(read.value) });
  const options = { ...wanted, subject: account.subject } as unknown as IssueOptions;
  return maxKeys === undefined
    ? issueKey(context, account, options)
    : inTurn(context, account.subject, () => issueWithin(context, account, options, maxKeys));
}

function createFault(
  context: ManagementContext,
  account: Account,
  { name, scopes, environment, expiresAt }: Fields,
  now: number,
): Fault | undefined {
  return firstFault(
    name === undefined || name === null ? undefined : nameFault(name),
    scopesFault(context, account, scopes),
    environmentFault(context, environment),
    expiresAt === undefined ? undefined : expiryFault(context, expiresAt, now),
  );
}

function environmentFault(
  { environments }: ManagementContext,
  environment: unknown,
): Fault | undefined {
  const isKnown =
    environment === undefined ||
    environments === undefined ||
    environments.some((known) => known === environment);
  return isKnown
    ? undefined
    : invalidField('environment', `must be one of ${environments.join(', ')}`);
}

async function issueKey(
  { keys }: ManagementContext,
  account: Account,
  options: IssueOptions,
): Promise<Outcome<CreatedKey>> {
  return attempt(CREATE_FIELDS, async () => {
    const { secret, record } = await keys.issue(options, changeContext(account));
    return { secret, key: toManagedKey(record) };
  });
}

/**
 * Issues a key if that keeps the limit. The keys are counted again afterwards: of two instances at
 * the same time, the one that counts too many revokes what it issued.
 */
async function issueWithin(
  context: ManagementContext,
  account: Account,
  options: IssueOptions,
  maxKeys: number,
): Promise<Outcome<CreatedKey>> {
  const { subject } = account;
  if (countKeys(await liveKeys(context, subject)) >= maxKeys) {
    return fail(limitReached(maxKeys));
  }
  const issued = await issueKey(context, account, options);
  if (!issued.ok) {
    return issued;
  }
  if (countKeys(await liveKeys(context, subject)) > maxKeys) {
    await context.keys.revoke(issued.value.key.id, changeContext(account));
    return fail(limitReached(maxKeys));
  }
  return issued;
}
