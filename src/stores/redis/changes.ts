import { encodeRevocation } from '../../credential/revocation';
import { type ChangedRecord, type CredentialStore, OWNED_BY, type StoredRecord } from '../store';
import { BATCH_SIZE } from './batches';
import type { RedisContext } from './context';
import { parseRecord, toFields } from './fields';
import type { KindEntry } from './kinds';
import { EXPIRE_AT, REVOKE, SET_DISABLED, UPDATE } from './record-scripts';
import type { Script } from './script';

type Method = 'update' | 'expireAt' | 'disable' | 'enable' | 'revoke' | 'revokeAll';

/**
 * Runs a script that changes a record and publishes that. Returns undefined if it changed nothing.
 */
type Change = (
  run: Script,
  id: string,
  at: number,
  args: readonly string[],
) => Promise<readonly unknown[] | undefined>;

/** The methods that change records. */
export function createChanges(context: RedisContext): Pick<CredentialStore, Method> {
  const { kinds } = context;
  const change = createChange(context);
  const changeTimes = async (
    changed: ReturnType<Change>,
    id: string,
    times: Partial<KindEntry>,
  ): Promise<boolean> => {
    const summary = toSummary(id, await changed);
    if (summary) {
      await kinds.tryToAdd([{ ...summary, ...times }]);
    }
    return summary !== undefined;
  };
  return {
    async update(id, changes) {
      const record = toRecord(await change(UPDATE, id, Date.now(), toFields(changes)));
      if (record && typeof changes.expiresAt === 'number') {
        await kinds.tryToAdd([record]);
      }
      return record;
    },
    expireAt: (id, at) =>
      changeTimes(change(EXPIRE_AT, id, Date.now(), [String(at)]), id, { expiresAt: at }),
    disable: (id, at) =>
      changeTimes(change(SET_DISABLED, id, at, [String(at)]), id, { disabledAt: at }),
    async enable(id) {
      return (await change(SET_DISABLED, id, Date.now(), ['null'])) !== undefined;
    },
    revoke: (id, at) => changeTimes(change(REVOKE, id, at, [String(at)]), id, { revokedAt: at }),
    revokeAll: createRevokeAll(context, change),
  };
}

const createChange =
  ({ connection, keys, local }: RedisContext): Change =>
  async (run, id, at, args) => {
    const event = { type: 'credential', id, at } as const;
    const message = JSON.stringify(encodeRevocation(event));
    const reply = await run(connection, [keys.record(id)], keys.channel, message, ...args);
    if (!isList(reply)) {
      return undefined;
    }
    local?.notify(event);
    return reply;
  };

function createRevokeAll(
  { keys, kinds, owners }: RedisContext,
  change: Change,
): CredentialStore['revokeAll'] {
  return async (owner, at, onRevoked) => {
    const only: Partial<StoredRecord> = { kind: owner.kind, [OWNED_BY[owner.by]]: owner.id };
    const revoke = async (id: string) => {
      const summary = toSummary(id, await change(REVOKE, id, at, [String(at), ...toFields(only)]));
      if (summary) {
        onRevoked?.(summary);
        await kinds.tryToAdd([{ ...summary, revokedAt: at }]);
      }
      return summary !== undefined;
    };
    let count = 0;
    for await (const ids of owners.pages(keys.owner(owner), BATCH_SIZE)) {
      const revoked = await Promise.all(ids.map(revoke));
      count += revoked.filter(Boolean).length;
    }
    return count;
  };
}

const isList = (reply: unknown): reply is readonly unknown[] => Array.isArray(reply);

const toRecord = (values: readonly unknown[] | undefined): StoredRecord | undefined =>
  values && parseRecord(values);

type Summary = KindEntry & ChangedRecord;

/** Reads the summary that a script returned. */
function toSummary(id: string, values: readonly unknown[] | undefined): Summary | undefined {
  if (!values) {
    return undefined;
  }
  const [subject, kind, issuedAt, expiresAt] = values.map(parse);
  return {
    id,
    subject: String(subject),
    kind: String(kind),
    issuedAt: Number(issuedAt),
    expiresAt: typeof expiresAt === 'number' ? expiresAt : null,
  };
}

/** A damaged member does not undo the change. */
function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
