import type { PublicRecord } from '../credentials/records';
import { omitUndefined } from '../internal/objects';
import { type Account, changeContext } from './account';
import {
  conflict,
  fail,
  type Fault,
  NOT_FOUND,
  type OldKeyState,
  type Outcome,
  RotationError,
  succeed,
} from './faults';
import { firstFault, overlapFault, readFields, scopesFault, toNumber } from './input';
import { inTurn, liveKeys, rotationFault } from './key-limits';
import { type CreatedKey, toManagedKey } from './key-view';
import { ownKey } from './keys';
import type { ManagementContext } from './options';

/**
 * Replaces a key by one with the same name, scopes and lifetime. The old key stays valid for
 * `overlapMs`.
 */
export async function rotateKey(
  context: ManagementContext,
  account: Account,
  id: string,
  input?: unknown,
): Promise<Outcome<CreatedKey>> {
  const record = await ownKey(context, account, id);
  if (!record) {
    return fail(NOT_FOUND);
  }
  const read = readFields(input, ['overlapMs']);
  if (!read.ok) {
    return read;
  }
  const overlapMs = toNumber(read.value.overlapMs) as number | undefined;
  const fault = firstFault(
    overlapFault(overlapMs),
    statusFault(record),
    scopesFault(context, account, record.scopes),
  );
  if (fault) {
    return fail(fault);
  }
  const rotation: KeyRotation = { context, account, record, overlapMs: overlapMs ?? 0 };
  const { maxKeys } = context;
  return maxKeys === undefined
    ? replace(rotation)
    : inTurn(context, account.subject, () => replaceWithin(rotation, maxKeys));
}

interface KeyRotation {
  readonly context: ManagementContext;
  readonly account: Account;
  readonly record: PublicRecord;
  readonly overlapMs: number;
}

function statusFault(record: PublicRecord): Fault | undefined {
  const { status } = toManagedKey(record);
  return status === 'active' ? undefined : conflict(`The key is ${status}`);
}

async function replaceWithin(rotation: KeyRotation, maxKeys: number): Promise<Outcome<CreatedKey>> {
  const { context, account, record, overlapMs } = rotation;
  const live = await liveKeys(context, account.subject);
  const fault = rotationFault(maxKeys, live, record, overlapMs);
  return fault ? fail(fault) : replace(rotation);
}

async function replace({
  context,
  account,
  record,
  overlapMs,
}: KeyRotation): Promise<Outcome<CreatedKey>> {
  const options = omitUndefined({ overlapMs, expiresAt: latestExpiry(context, record) });
  try {
    const issued = await context.keys.rotate(record.id, options, changeContext(account));
    return issued
      ? succeed({ secret: issued.secret, key: toManagedKey(issued.record) })
      : fail(conflict('The key was changed in the meantime'));
  } catch (error) {
    throw new RotationError(await afterFailure(context, record.id), { cause: error });
  }
}

/** A key from before `maxLifetimeMs` was configured must not hand on a longer lifetime. */
function latestExpiry(
  { maxLifetimeMs }: ManagementContext,
  { issuedAt, expiresAt }: PublicRecord,
): number | undefined {
  const isLonger =
    maxLifetimeMs !== undefined && (expiresAt === null || expiresAt - issuedAt > maxLifetimeMs);
  return isLonger ? Date.now() + maxLifetimeMs : undefined;
}

/** Says which key works after the store failed in the middle of a rotation. */
async function afterFailure({ keys }: ManagementContext, id: string): Promise<OldKeyState> {
  const old = await keys.get(id).catch(() => undefined);
  if (old === undefined) {
    return 'unknown';
  }
  return toManagedKey(old).status === 'active' ? 'works' : 'ended';
}
