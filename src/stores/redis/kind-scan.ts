import { codedError } from '../../internal/errors';
import type { Connection } from './connection';
import type { Keys } from './keys';
import type { KindEntry, KindIndex } from './kinds';

/** A scan that takes no longer than a moment is awaited. */
const MAX_AWAITED_KEYS = 5_000;
/** A scan costs 10 to 20 µs for each key: with this pause, about 1 % of the time. */
const PAUSE_MS_PER_KEY = 1;
const SHORTEST_PAUSE_MS = 1_000;

/**
 * Adds to the lists of each kind what instances of Latchkey 0.1 wrote, before the upgrade or while
 * both versions run.
 */
export interface KindScan {
  /** Scans for the first time in the background, where no instance has. */
  prepare(): void;
  /** Waits for the first scan, and repeats it from time to time. */
  ready(kind: string): Promise<void>;
}

export function createKindScan(connection: Connection, keys: Keys, index: KindIndex): KindScan {
  let isPrepared = false;
  let scanning: Promise<void> | undefined;
  const scan = () =>
    (scanning ??= indexAll(connection, keys, index).finally(() => (scanning = undefined)));
  const indexedAt = async () => {
    const text = await connection.send(keys.indexedAt, ['GET', keys.indexedAt]);
    return text === null ? undefined : Number(text);
  };

  async function firstScan(): Promise<void> {
    if ((await indexedAt()) === undefined) {
      await scan();
    }
  }
  return {
    prepare() {
      if (!isPrepared) {
        isPrepared = true;
        firstScan().catch(() => (isPrepared = false));
      }
    },
    async ready(kind) {
      const [list] = keys.kind(kind).issued;
      const last = await indexedAt();
      if (last === undefined) {
        return scan();
      }
      const count = Number(await connection.send(list, ['ZCARD', list]));
      const pauseMs = Math.max(SHORTEST_PAUSE_MS, count * PAUSE_MS_PER_KEY);
      if (Date.now() - last < pauseMs) {
        return;
      }
      // A replica, or a user that may only read, refuses it: reading does not depend on it.
      const repeated = scan().catch(() => undefined);
      if (count <= MAX_AWAITED_KEYS) {
        await repeated;
      }
    },
  };
}

async function indexAll(connection: Connection, keys: Keys, index: KindIndex): Promise<void> {
  const startedAt = String(Date.now());
  for await (const found of connection.scan('hash', keys.allRecords.pattern)) {
    const ids = found.map((key) => keys.allRecords.read(key));
    const entries = await Promise.all(ids.map((id) => readEntry(connection, keys, id)));
    await index.add(entries.flatMap((entry) => entry ?? []));
  }
  await connection.send(keys.indexedAt, ['SET', keys.indexedAt, startedAt]);
}

const ENTRY_FIELDS = ['kind', 'issuedAt', 'expiresAt', 'revokedAt', 'disabledAt'];

/** Reads what the lists need to know of a record; undefined if it is gone or damaged. */
async function readEntry(
  connection: Connection,
  keys: Keys,
  id: string,
): Promise<KindEntry | undefined> {
  const key = keys.record(id);
  const values = await connection.send(key, ['HMGET', key, ...ENTRY_FIELDS]);
  return parseEntry(id, values);
}

function parseEntry(id: string, values: unknown): KindEntry | undefined {
  if (!Array.isArray(values)) {
    throw codedError('ERR_LATCHKEY_STORE', 'Redis returned something else than a list of fields');
  }
  try {
    const members: unknown[] = values.map((text) => JSON.parse(String(text ?? 'null')) as unknown);
    const [kind, issuedAt, expiresAt, revokedAt, disabledAt] = members;
    const isEntry = typeof kind === 'string' && typeof issuedAt === 'number';
    return isEntry
      ? {
          id,
          kind,
          issuedAt,
          expiresAt: toTime(expiresAt),
          revokedAt: toTime(revokedAt),
          disabledAt: toTime(disabledAt),
        }
      : undefined;
  } catch {
    return undefined;
  }
}

const toTime = (value: unknown): number | null => (typeof value === 'number' ? value : null);
