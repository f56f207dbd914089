import { randomUUID } from 'node:crypto';

import { Redis } from 'ioredis';
import { apiKeys, type CredentialStore, type ManagedVerifier, type StoredRecord } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';

import { toDigest, toRecordId } from '../../src/credential/digest';
import { type FirstVersion, startFirstVersion } from '../support/first-version/start';
import { startMariadb } from '../support/mariadb';
import { startPostgres } from '../support/postgres';
import { startRedis } from '../support/redis';
import { type Address, connect, sqliteFile } from '../support/sql-databases';

jest.setTimeout(300_000);

/** How many keys the installation of 0.1.0 has. */
const KEYS = Number(process.env.LATCHKEY_UPGRADED ?? 100_000);
const PAGE = 1_000;
const SUBJECTS = 500;

interface Installation {
  readonly address: Address | { readonly redis: string };
  /** Opens a store of the current version, as a separate instance. */
  readonly open: () => { readonly store: Upgraded; readonly close: () => Promise<unknown> };
  /** Copies a record under other IDs, in the layout that it has. */
  readonly copy: (id: string, copies: readonly Copy[]) => Promise<void>;
  readonly close: () => Promise<void>;
}
type Upgraded = CredentialStore & { readonly migrate?: () => Promise<void> };
type Copy = Pick<StoredRecord, 'id' | 'digest' | 'subject' | 'issuedAt'>;

function onSql(address: Address, close: () => Promise<unknown> | void): Installation {
  const db = connect(address);
  return {
    address,
    open() {
      const mine = connect(address);
      return { store: sqlStore({ db: mine }), close: () => mine.destroy() };
    },
    async copy(id, copies) {
      const table = 'latchkey_credentials';
      const row = await db.selectFrom(table).selectAll().where('id', '=', id).executeTakeFirst();
      const rows = copies.map(({ issuedAt, ...copy }) => ({
        ...row,
        ...copy,
        issued_at: issuedAt,
      }));
      await db.insertInto(table).values(rows).execute();
    },
    async close() {
      await db.destroy();
      await close();
    },
  };
}

async function onRedis(): Promise<Installation> {
  const server = await startRedis();
  const connected = () => new Redis(server.port, '127.0.0.1');
  const redis = connected();
  return {
    address: { redis: `redis://127.0.0.1:${server.port}` },
    open() {
      const client = connected();
      return { store: redisStore({ client }), close: async () => client.disconnect() };
    },
    async copy(id, copies) {
      const record = await redis.hgetall(`latchkey:record:${id}`);
      const batch = redis.pipeline();
      for (const copy of copies) {
        const members = Object.entries(copy).map(([name, value]) => [name, JSON.stringify(value)]);
        const key = `latchkey:record:${copy.id}`;
        batch.hset(key, { ...record, ...Object.fromEntries(members) });
        batch.zadd(`latchkey:owner:{api_key:subject:${copy.subject}}`, copy.issuedAt, copy.id);
      }
      await batch.exec();
    },
    async close() {
      redis.disconnect();
      await server.stop();
    },
  };
}

const INSTALLATIONS: Readonly<Record<string, () => Promise<Installation>>> = {
  async PostgreSQL() {
    const server = await startPostgres({ logsStatements: false });
    return onSql({ postgres: server.url }, server.close);
  },
  async MariaDB() {
    const server = await startMariadb({ logsStatements: false });
    return onSql({ mysql: server.url }, server.close);
  },
  async SQLite() {
    const file = sqliteFile();
    return onSql(file.address, file.remove);
  },
  Redis: onRedis,
};

const newCopy = (number: number): Copy => {
  const digest = toDigest(randomUUID());
  const subject = `acct_${number % SUBJECTS}`;
  return { id: toRecordId(digest), digest, subject, issuedAt: 1_700_000_000_000 + number };
};

/** Reads every key, page by page. */
async function readAll(keys: ManagedVerifier): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (let after: string | undefined; ;) {
    const page = await keys.list({ limit: PAGE, ...(after !== undefined && { after }) });
    page.forEach(({ id, subject }) => found.set(id, subject));
    if (page.length < PAGE) {
      return found;
    }
    after = page.at(-1)?.id;
  }
}

describe.each(Object.keys(INSTALLATIONS))('an installation of 0.1.0 on %s', (name) => {
  let installation: Installation;
  let first: FirstVersion;
  const opened: ReturnType<Installation['open']>[] = [];
  beforeAll(async () => {
    installation = await (INSTALLATIONS[name] as () => Promise<Installation>)();
    first = await startFirstVersion(installation.address);
  });
  afterAll(async () => {
    await first?.close();
    await Promise.all(opened.map(({ close }) => close()));
    await installation?.close();
  });
  const open = (): Upgraded => {
    const mine = installation.open();
    opened.push(mine);
    return mine.store;
  };

  it(`is upgraded in place with ${KEYS} keys, while an instance of 0.1.0 works`, async () => {
    const { used, ended, old, next } = await first.call('install');
    const copies = Array.from({ length: KEYS }, (_, number) => newCopy(number));
    for (let start = 0; start < KEYS; start += PAGE) {
      await installation.copy(used.id, copies.slice(start, start + PAGE));
    }
    await first.call('start');
    const stores = [open(), open()] as const;
    const startedAt = performance.now();
    await Promise.all(stores.map(async (store) => store.migrate?.()));
    const mine = apiKeys({ prefix: 'acme', store: stores[0] });
    const peer = apiKeys({ prefix: 'acme', store: stores[1] });
    await mine.list({ limit: 1 });
    const tookMs = performance.now() - startedAt;
    const during = await first.call('stop');
    if (process.env.LATCHKEY_UPGRADED !== undefined) {
      process.stdout.write(`${name}: ${KEYS} keys upgraded in ${Math.round(tookMs)} ms\n`);
    }
    expect(during.errors).toEqual([]);
    expect(during.issued.length).toBeGreaterThan(0);

    const later = await first.call('issue', 'Issued after the upgrade');
    await mine.issue({ subject: 'acct_1', scopes: [] });
    await peer.get(used.id);
    const isValid = async (keys: ManagedVerifier, token: string) =>
      (await keys.verify({ extractor: 'bearer', token })).ok;
    for (const { secret } of [used, old, next, later, ...during.issued.slice(0, 20)]) {
      expect(await isValid(mine, secret)).toBe(true);
    }
    expect(await isValid(mine, ended.secret)).toBe(false);
    for (const id of during.revoked.slice(0, 20)) {
      expect(await mine.get(id)).toMatchObject({ name: 'Renamed', revokedAt: expect.any(Number) });
    }
    expect(await mine.get(next.id)).toMatchObject({ rotatedFrom: old.id, disabledAt: null });
    expect(await mine.get(used.id)).toMatchObject({ useCount: 7, disabledAt: null });

    // What either version writes, the other reads.
    const { secret, record } = await mine.issue({ subject: 'acct_1', scopes: ['domains:read'] });
    expect(await first.call('verify', secret)).toBe(true);
    await mine.revoke(record.id);
    expect(await first.call('verify', secret)).toBe(false);
    await first.call('revoke', later.id);
    expect(await isValid(mine, later.secret)).toBe(false);
    await first.call('use', used.id);
    expect(await mine.get(used.id)).toMatchObject({ useCount: 8 });
    await mine.disable(used.id);
    expect(await isValid(peer, used.secret)).toBe(false);

    const all = await readAll(peer);
    const lost = copies.filter(({ id, subject }) => all.get(id) !== subject);
    expect(lost).toEqual([]);
    const owned = await peer.list({ subject: 'acct_7', limit: PAGE });
    expect(owned).toHaveLength(KEYS / SUBJECTS);
    const disabled = await peer.list({ status: 'disabled', limit: 10 });
    expect(disabled.map(({ id }) => id)).toEqual([used.id]);
  });
});
