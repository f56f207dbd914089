import type { PublicRecord } from '../credentials/records';
import { conflict, type Fault, invalidField } from './faults';
import type { ManagementContext } from './options';

const PAGE = 1_000;

/** Returns the keys of a subject that are active or disabled. */
export async function liveKeys(
  { keys }: ManagementContext,
  subject: string,
): Promise<readonly PublicRecord[]> {
  const live: PublicRecord[] = [];
  for (const status of ['active', 'disabled'] as const) {
    let page: readonly PublicRecord[];
    let last: string | undefined;
    do {
      const after = last === undefined ? {} : { after: last };
      page = await keys.list({ subject, status, limit: PAGE, ...after });
      live.push(...page);
      last = page.at(-1)?.id;
    } while (page.length === PAGE);
  }
  return live;
}

/** How many keys count against `maxKeys`: a key that was replaced does not. */
export function countKeys(live: readonly PublicRecord[]): number {
  const replaced = new Set(live.map(({ rotatedFrom }) => rotatedFrom));
  return live.filter(({ id }) => !replaced.has(id)).length;
}

export const limitReached = (maxKeys: number): Fault =>
  conflict(`The account has ${maxKeys} keys, which is the limit: revoke one first`);

const REPLACED = conflict('The key was replaced already: rotate or revoke its replacement');

/**
 * Checks that a rotation keeps the limits: a key is replaced once, and there are never more than
 * twice as many keys as `maxKeys`.
 */
export function rotationFault(
  maxKeys: number,
  live: readonly PublicRecord[],
  record: PublicRecord,
  overlapMs: number,
): Fault | undefined {
  const fault = extensionFault(maxKeys, live, record);
  if (fault || overlapMs === 0 || live.length < 2 * maxKeys) {
    return fault;
  }
  return conflict(
    'Too many replaced keys are still valid: revoke one, or rotate without an overlap',
  );
}

/** Checks that a key may become valid for longer. */
export function extensionFault(
  maxKeys: number,
  live: readonly PublicRecord[],
  record: PublicRecord,
): Fault | undefined {
  if (live.some(({ rotatedFrom }) => rotatedFrom === record.id)) {
    return REPLACED;
  }
  const others = live.filter(({ id }) => id !== record.id);
  return countKeys([...others, record]) > maxKeys ? limitReached(maxKeys) : undefined;
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value);
/** The last time that a `Date` can hold. */
const LAST_TIME = 8.64e15;

/** Checks an expiry that a client requests. */
export function expiryFault(
  { maxLifetimeMs }: ManagementContext,
  expiresAt: unknown,
  issuedAt: number,
): Fault | undefined {
  if (
    expiresAt !== null &&
    !(isTime(expiresAt) && expiresAt > Date.now() && expiresAt <= LAST_TIME)
  ) {
    return invalidField(
      'expiresAt',
      'must be a time in the future, in milliseconds since the epoch, or null for never',
    );
  }
  const isTooLong =
    maxLifetimeMs !== undefined && (expiresAt === null || expiresAt > issuedAt + maxLifetimeMs);
  return isTooLong
    ? invalidField('expiresAt', `must be at most ${maxLifetimeMs} ms after the key is created`)
    : undefined;
}

const queues = new WeakMap<object, Map<string, Promise<unknown>>>();

/**
 * Runs the operations of one subject that count its keys one after the other. Other instances are
 * not waited for, so such an operation also counts after it has inserted.
 */
export async function inTurn<T>(
  context: ManagementContext,
  subject: string,
  operation: () => Promise<T>,
): Promise<T> {
  const queue = queues.get(context.keys) ?? new Map<string, Promise<unknown>>();
  queues.set(context.keys, queue);
  const before = queue.get(subject) ?? Promise.resolve();
  const result = before.then(operation, operation);
  queue.set(subject, result);
  try {
    return await result;
  } finally {
    if (queue.get(subject) === result) {
      queue.delete(subject);
    }
  }
}
