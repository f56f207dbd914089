import { chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import SqliteDatabase from 'better-sqlite3';
import { sql } from 'kysely';
import { apiKeys, type ManagedVerifier } from 'latchkey';
import { redisStore } from 'latchkey/redis';
import { sqlStore } from 'latchkey/sql';
import { createClient } from 'redis';

import { openStore } from '../../src/cli/open-store';
import { storeTarget } from '../../src/cli/store-options';
import { safeTerminal } from '../../src/cli/terminal';
import { selfSigned } from '../support/certificates';
import { freePort } from '../support/daemon';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type RedisServer, startRedis } from '../support/redis';
import { type AnyKysely, connect } from '../support/sql-databases';
import { shell } from './terminal';

// @requires sqlite

const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every kind of command reaches the keys of this store; without the options none does. */
async function reaches(
  keys: ManagedVerifier,
  url: string,
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const latchkey = shell({ LATCHKEY_STORE: url, LATCHKEY_PREFIX: 'acme', ...env });
  const { secret, record } = await keys.issue({ subject: 'acct_42', scopes: ['a'], name: 'CI' });
  const run = async (...args: string[]) => latchkey([...args, ...options]);

  expect((await run('keys', 'show', record.id)).out).toContain('acct_42');
  expect((await run('keys', 'list', '--subject', 'acct_42', '--json')).out).toContain(record.id);
  expect((await run('keys', 'update', record.id, '--name', 'new')).code).toBe(0);
  expect((await run('explain', secret)).out).toMatch(/acct_42/);
  const created = await run('keys', 'create', '--subject', 'acct_43');
  expect(await keys.verify(created.out)).toMatchObject({
    ok: true,
    principal: { subject: 'acct_43' },
  });
  const rotated = await run('keys', 'rotate', record.id, '--overlap', '1h');
  expect(await keys.verify(rotated.out)).toMatchObject({ ok: true });
  expect(await run('keys', 'revoke', '--subject', 'acct_42')).toMatchObject({
    code: 0,
    out: 'Revoked: 2',
  });
  expect(await keys.verify(secret)).toEqual(
    expect.objectContaining({ ok: false, reason: 'revoked' }),
  );
  const client = JSON.parse(
    (await run('clients', 'register', '--name', 'Watch', '--json')).out,
  ) as { client: { clientId: string } };
  expect((await run('clients', 'show', client.client.clientId)).code).toBe(0);
}

describe('a store in Redis with a prefix', () => {
  let server: RedisServer;
  let client: ReturnType<typeof createClient>;
  const keysUnder = (prefix: string) =>
    apiKeys({ prefix: 'acme', store: redisStore({ client, prefix }) });

  beforeAll(async () => {
    server = await startRedis();
    client = createClient({ url: `redis://127.0.0.1:${server.port}` });
    await client.connect();
  }, 60_000);
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  it.each<[string, string, readonly string[], Record<string, string>]>([
    ['--store-prefix', '', ['--store-prefix', 'second:'], {}],
    ['the URL', '?prefix=second:', [], {}],
    ['the URL, encoded', '/0?prefix=second%3A', [], {}],
    ['LATCHKEY_STORE_PREFIX', '', [], { LATCHKEY_STORE_PREFIX: 'second:' }],
    [
      '--store-prefix, whatever the URL and the environment say',
      '?prefix=x:',
      ['--store-prefix', 'second:'],
      { LATCHKEY_STORE_PREFIX: 'y:' },
    ],
  ])('is reached by %s', async (_, query, options, env) => {
    await reaches(keysUnder('second:'), `redis://127.0.0.1:${server.port}${query}`, options, env);
  });

  it('is not found without the prefix, and revoke reports where it looked', async () => {
    const { secret } = await keysUnder('second:').issue({ subject: 'acct_44', scopes: [] });
    const latchkey = shell({ LATCHKEY_STORE: `redis://u:hunter2@127.0.0.1:${server.port}` });
    const plain = shell({ LATCHKEY_STORE: `redis://127.0.0.1:${server.port}` });
    const { code, err } = await plain(['keys', 'revoke', '--subject', 'acct_44']);
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('in Redis under the prefix latchkey: is still unrevoked'),
    ]);
    expect(await keysUnder('second:').verify(secret)).toMatchObject({ ok: true });
    expect((await latchkey(['keys', 'revoke', '--subject', 'acct_44'])).err).not.toContain(
      'hunter2',
    );
  });

  it('rejects a prefix that redisStore() rejects', async () => {
    const latchkey = shell({ LATCHKEY_STORE: `redis://127.0.0.1:${server.port}` });
    expect(
      await latchkey(['keys', 'list', '--subject', 'a', '--store-prefix', '{x}']),
    ).toMatchObject({
      code: 2,
      err: expect.stringContaining('option "prefix"'),
    });
  });
});

describe('a store in a schema of PostgreSQL', () => {
  let server: PostgresServer;
  let db: AnyKysely;

  beforeAll(async () => {
    server = await startPostgres({ logsStatements: false });
    db = connect({ postgres: server.url });
    await sql`create schema auth`.execute(db);
  }, 60_000);
  afterAll(async () => {
    await db.destroy();
    await server.close();
  });

  it.each<[string, string, readonly string[], Record<string, string>]>([
    ['--store-schema', '', ['--store-schema', 'auth'], {}],
    ['the URL', '?schema=auth', [], {}],
    [
      'the URL, next to parameters of the driver',
      '?application_name=a&schema=auth&connect_timeout=5',
      [],
      {},
    ],
    ['LATCHKEY_STORE_SCHEMA', '', [], { LATCHKEY_STORE_SCHEMA: 'auth' }],
  ])('is reached by %s', async (_, query, options, env) => {
    const store = sqlStore({ db: db.withSchema('auth') });
    await store.migrate();
    await reaches(apiKeys({ prefix: 'acme', store }), `${server.url}${query}`, options, env);
  });
});

describe('TLS to a server with a CA of your own', () => {
  const { key, cert } = selfSigned('Test CA');
  const [ca, other, keyFile] = [
    join(folder, 'ca.pem'),
    join(folder, 'other.pem'),
    join(folder, 'key.pem'),
  ];
  const list = (url: string, ...args: string[]) =>
    shell({ LATCHKEY_STORE: url })(['keys', 'list', '--subject', 'a', ...args]);
  /** Only with the right CA is the server trusted. */
  const trustsOnly = async (url: string) => {
    expect(await list(url, '--store-ca', ca)).toEqual({ code: 0, out: 'No keys.', err: '' });
    expect(
      await shell({ LATCHKEY_STORE: url, LATCHKEY_STORE_CA: ca })([
        'keys',
        'list',
        '--subject',
        'a',
      ]),
    ).toMatchObject({ code: 0 });
    for (const args of [[], ['--store-ca', other]]) {
      expect(await list(url, ...args)).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/self[- ]signed|certificate/),
      });
    }
  };
  beforeAll(() => {
    writeFileSync(ca, cert);
    writeFileSync(keyFile, key);
    writeFileSync(other, selfSigned('Other CA').cert);
  });

  it('verifies the certificate of Redis', async () => {
    const port = await freePort();
    const files = [
      '--tls-cert-file',
      ca,
      '--tls-key-file',
      keyFile,
      '--tls-ca-cert-file',
      ca,
      '--tls-auth-clients',
      'no',
    ];
    const server = await startRedis('--tls-port', `${port}`, ...files);
    await trustsOnly(`rediss://localhost:${port}`);
    await server.stop();
  }, 60_000);

  it('verifies the certificate of PostgreSQL for every sslmode of the URL', async () => {
    const server = await startPostgres({ logsStatements: false });
    const db = connect({ postgres: server.url });
    const [serverKey, serverCert] = [
      join(server.folder, 'key.pem'),
      join(server.folder, 'cert.pem'),
    ];
    writeFileSync(serverKey, key, { mode: 0o600 });
    writeFileSync(serverCert, cert);
    const { uid, gid } = statSync(join(server.folder, 'data'));
    chownSync(serverKey, uid, gid);
    for (const [setting, value] of [
      ['ssl_key_file', serverKey],
      ['ssl_cert_file', serverCert],
      ['ssl', 'on'],
    ]) {
      await sql.raw(`alter system set ${setting} = '${value}'`).execute(db);
    }
    await sql`select pg_reload_conf()`.execute(db);
    await db.destroy();
    const url = server.url.replace('127.0.0.1', 'localhost');
    await trustsOnly(`${url}?sslmode=verify-full`);
    expect(await list(url, '--store-ca', ca)).toMatchObject({ code: 0 });
    await server.close();
  }, 60_000);
});

describe('a file of SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const modes = () =>
    readdirSync(folder).map((name) => [
      name.replace(/^.*\.db/, ''),
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    ]);

  it('is created readable by its owner only, journals included', async () => {
    const before = process.umask(0);
    try {
      const opened = await openStore(`sqlite:${join(folder, 'new.db')}`, true);
      expect(modes()).toEqual([['', '600']]);
      await opened.close();
      const database = new SqliteDatabase(join(folder, 'new.db'));
      database.pragma('journal_mode = WAL');
      database.exec('create table x (y); insert into x values (1)');
      expect(modes()).toEqual([
        ['', '600'],
        ['-shm', '600'],
        ['-wal', '600'],
      ]);
      database.close();
    } finally {
      process.umask(before);
    }
  });

  it('keeps the mode of an existing file', async () => {
    const file = join(folder, 'old.db');
    writeFileSync(file, '', { mode: 0o640 });
    const mode = statSync(file).mode;
    await (await openStore(`sqlite:${file}`, true)).close();
    expect(statSync(file).mode).toBe(mode);
  });
});

describe('storeTarget()', () => {
  it('passes every other parameter to the driver, and does not change SQLite files', () => {
    expect(storeTarget({ store: 'postgres://u:p%40@h/db?sslmode=require' }, {}).url).toBe(
      'postgres://u:p%40@h/db?sslmode=require',
    );
    expect(
      storeTarget({ store: 'postgres://u:p%40@h/db?sslmode=require&schema=s' }, {}),
    ).toMatchObject({
      url: 'postgres://u:p%40@h/db?sslmode=require',
      schema: 's',
    });
    expect(storeTarget({ store: 'sqlite:./a?prefix=b' }, {})).toMatchObject({
      url: 'sqlite:./a?prefix=b',
      prefix: undefined,
    });
  });

  it('treats an empty variable of the environment as absent', () => {
    const env = {
      LATCHKEY_STORE: 'redis://h',
      LATCHKEY_STORE_PREFIX: '',
      LATCHKEY_STORE_SCHEMA: '',
      LATCHKEY_STORE_CA: '',
    };
    expect(storeTarget({}, env)).toEqual({
      url: 'redis://h',
      prefix: undefined,
      schema: undefined,
      ca: undefined,
    });
  });
});

describe('the output', () => {
  const HIDDEN = [
    '\u0000',
    '\u0007',
    '\u001b',
    '\u007f',
    '\u0085',
    '\u009b',
    '\u009d',
    '\u00ad',
    '\u061c',
    '\u200b',
    '\u200f',
    '\u2028',
    '\u2029',
    '\u202e',
    '\u2066',
    '\ufeff',
    '\u{e0041}',
  ];
  const printed = (line: string) => {
    const lines: string[] = [];
    const terminal = safeTerminal({
      out: (text) => lines.push(text),
      err: (text) => lines.push(text),
      input: async () => '',
      env: {},
    });
    terminal.out(line);
    terminal.err(line);
    expect(lines[0]).toBe(lines[1]);
    return lines[0] as string;
  };

  it.each(HIDDEN)('escapes %j, and JSON.parse() returns the original', (character) => {
    const value = { name: `a${character}b`, list: [character, 'ü 漢 😀'] };
    const line = printed(JSON.stringify(value, null, 2));
    expect(line).toMatch(/^[\P{C}\n]*$/u);
    expect(JSON.parse(line)).toEqual(value);
    expect(printed(`no client a${character}b`)).toMatch(/^no client a(\\u[0-9a-f]{4})+b$/);
  });

  it('does not escape line breaks and visible characters', () => {
    expect(printed('a\nb – … ü 漢 😀')).toBe('a\nb – … ü 漢 😀');
  });

  it('escapes hidden characters of arguments in messages', async () => {
    const store = `sqlite:${join(folder, 'output.db')}`;
    await (await openStore(store, true)).close();
    const { err } = await shell({ LATCHKEY_STORE: store })([
      'clients',
      'show',
      'a\u001b[2J\u202eb',
    ]);
    expect(err).toBe('latchkey: no client a\\u001b[2J\\u202eb');
  });
});
