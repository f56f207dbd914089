import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { apiKeys, type PublicRecord } from 'latchkey';

import { openStore } from '../../src/cli/open-store';
import { run } from '../../src/cli/run';
import { type MariadbServer, startMariadb } from '../support/mariadb';
import { type PostgresServer, startPostgres } from '../support/postgres';
import { type RedisServer, startRedis } from '../support/redis';
import { shell } from './terminal';

// @requires sqlite

const folder = mkdtempSync(join(tmpdir(), 'latchkey-cli-'));
const sqlite = `sqlite:${join(folder, 'keys.db')}`;
afterAll(() => rmSync(folder, { recursive: true }));

const latchkey = shell({ LATCHKEY_STORE: sqlite });
const create = (subject: string, ...more: string[]) =>
  latchkey(['keys', 'create', '--prefix', 'osir', '--subject', subject, ...more]);
const list = async (subject: string) =>
  JSON.parse(
    (await latchkey(['keys', 'list', '--subject', subject, '--json'])).out,
    (name, value: unknown) =>
      name === 'expiresAt' && typeof value === 'string' ? Date.parse(value) : value,
  ) as readonly PublicRecord[];
const only = async (subject: string) => (await list(subject))[0] as PublicRecord;

/** What the guard's own verifier says of a secret. */
async function verdict(secret: string, url = sqlite): Promise<unknown> {
  const { store, close } = await openStore(url);
  try {
    return await apiKeys({ prefix: 'osir', store }).verify(secret);
  } finally {
    await close();
  }
}

describe('keys create', () => {
  it('prints only the secret on standard output', async () => {
    const { code, out, err } = await create('acct_1', '--scope', 'domains:read', '--name', 'CI');
    expect(code).toBe(0);
    expect(out).toMatch(/^osir_live_[0-9A-Za-z]{49}$/);
    expect(err).not.toContain(out);
    expect(await verdict(out)).toMatchObject({
      ok: true,
      principal: { subject: 'acct_1', scopes: ['domains:read'] },
    });
  });

  it('accepts every setting of a key', async () => {
    const all = [
      '--environment',
      'test',
      '--client',
      'app',
      '--metadata',
      '{"plan":"pro"}',
      '--expires',
      '2099-01-01',
    ];
    await create('acct_2', '--scope', 'a b', '--scope', 'c,d', ...all);
    expect(await only('acct_2')).toMatchObject({
      scopes: ['a', 'b', 'c', 'd'],
      environment: 'test',
      clientId: 'app',
      metadata: { plan: 'pro' },
      expiresAt: Date.UTC(2099, 0, 1),
    });
  });

  test.each([
    ['never', null],
    ['2099-01-01', Date.UTC(2099, 0, 1)],
    ['2099-01-01T10:00:00+02:00', Date.UTC(2099, 0, 1, 8)],
  ])('and update accept the expiry %s', async (when, expiresAt) => {
    const subject = `until ${when}`;
    await create(subject, '--expires', when);
    const { id, ...created } = await only(subject);
    expect(created.expiresAt).toBe(expiresAt);
    await latchkey(['keys', 'update', id, '--expires', '1d']);
    expect((await only(subject)).expiresAt).toBeGreaterThan(Date.now());
    expect(await latchkey(['keys', 'update', id, '--expires', when])).toMatchObject({ code: 0 });
    expect((await only(subject)).expiresAt).toBe(expiresAt);
  });

  it('counts a duration from now', async () => {
    const now = Date.now();
    await create('acct_90', '--expires', '90 days');
    const { expiresAt } = await only('acct_90');
    expect([
      expiresAt! >= now + 90 * 86_400_000,
      expiresAt! <= Date.now() + 90 * 86_400_000,
    ]).toEqual([true, true]);
  });

  it('prints secret and record as one object with --json', async () => {
    const { out, err } = await create('acct_3', '--json');
    const { secret, record } = JSON.parse(out) as { secret: string; record: PublicRecord };
    expect([record.subject, err]).toEqual(['acct_3', '']);
    expect(record).not.toHaveProperty('digest');
    expect(await verdict(secret)).toMatchObject({ ok: true });
  });
});

describe('the lifecycle of a key', () => {
  it('is listed in a table that shows only the start of the secret', async () => {
    const { out: secret } = await create('acct_4', '--name', 'Laptop', '--scope', 'a');
    const { code, out } = await latchkey(['keys', 'list', '--subject', 'acct_4']);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.trim().split(/\s{2,}/))).toEqual([
      ['ID', 'KEY', 'NAME', 'SUBJECT', 'SCOPES', 'STATE', 'LAST USED', 'USES'],
      [
        (await only('acct_4')).id,
        `${secret.slice(0, 14)}…`,
        'Laptop',
        'acct_4',
        'a',
        'live',
        '–',
        '0',
      ],
    ]);
  });

  it('is paged', async () => {
    for (const _ of [1, 2, 3]) {
      await create('acct_5');
    }
    const ids = (await list('acct_5')).map(({ id }) => id);
    const page = async (after: string, limit: string) => {
      const { out, err } = await latchkey([
        'keys',
        'list',
        '--subject',
        'acct_5',
        '--limit',
        limit,
        '--after',
        after,
        '--json',
      ]);
      return [(JSON.parse(out) as PublicRecord[]).map(({ id }) => id), err];
    };
    expect(await page(ids[0] as string, '1')).toEqual([
      [ids[1]],
      `There are more: continue with --after ${ids[1]}`,
    ]);
    expect(await page(ids[0] as string, '2')).toEqual([ids.slice(1), '']);
    expect(await page(ids[0] as string, '3')).toEqual([ids.slice(1), '']);
  });

  it('is listed 100 at a time, with a message if there are more', async () => {
    const lines = Array.from({ length: 101 }, (_, i) =>
      createHash('sha256').update(`page ${i}`).digest('hex'),
    );
    await latchkey(['keys', 'import', '--subject', 'acct_17'], lines.join('\n'));
    const { out, err } = await latchkey(['keys', 'list', '--subject', 'acct_17']);
    const ids = out.split('\n').map((line) => line.slice(0, 22));
    expect([ids.length, err]).toEqual([101, `There are more: continue with --after ${ids[100]}`]);
  });

  it('is not listed after an unknown key or a key of another owner', async () => {
    await create('acct_18');
    await create('acct_19');
    const after = async (id: string) =>
      latchkey(['keys', 'list', '--subject', 'acct_18', '--after', id]);
    expect(await after('x'.repeat(22))).toEqual({
      code: 1,
      out: '',
      err: `latchkey: no key ${'x'.repeat(22)}`,
    });
    const { id } = await only('acct_19');
    expect(await after(id)).toEqual({
      code: 1,
      out: '',
      err: `latchkey: key ${id} does not belong to that owner`,
    });
    expect(await after((await only('acct_18')).id)).toEqual({ code: 0, out: 'No keys.', err: '' });
  });

  it('is shown, updated, rotated with its lineage, and revoked', async () => {
    const { out: secret } = await create('acct_6', '--name', 'Old', '--scope', 'a');
    const { id } = await only('acct_6');

    expect(
      await latchkey(['keys', 'update', id, '--name', 'New', '--scope', 'b', '--expires', '90d']),
    ).toMatchObject({ code: 0 });
    const shown = await latchkey(['keys', 'show', id]);
    expect(shown.out).toMatch(/name +New\n/);
    expect(shown.out).toMatch(/scopes +b\n/);
    expect(shown.out).toMatch(/state +live until \d{4}-/);

    const rotated = await latchkey(['keys', 'rotate', id, '--overlap', '7d']);
    expect(rotated.out).toMatch(/^osir_live_/);
    expect(await list('acct_6')).toMatchObject([
      { id },
      { rotatedFrom: id, name: 'New', scopes: ['b'] },
    ]);
    expect([await verdict(secret), await verdict(rotated.out)]).toMatchObject([
      { ok: true },
      { ok: true },
    ]);

    expect(await latchkey(['keys', 'revoke', id])).toEqual({ code: 0, out: 'Revoked: 1', err: '' });
    expect(await verdict(secret)).toEqual({ ok: false, reason: 'revoked' });
    expect(await latchkey(['keys', 'revoke', id])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining(id),
    });
    expect(await latchkey(['keys', 'revoke', '--subject', 'acct_6'])).toMatchObject({
      code: 0,
      out: 'Revoked: 1',
    });
    expect(await verdict(rotated.out)).toEqual({ ok: false, reason: 'revoked' });
  });

  it('is revoked again without an error with --if-exists', async () => {
    await create('acct_24');
    const { id } = await only('acct_24');
    const revoke = (...args: string[]) => latchkey(['keys', 'revoke', ...args, '--if-exists']);
    expect(await revoke(id)).toEqual({ code: 0, out: 'Revoked: 1', err: '' });
    for (const again of [[id], ['x'.repeat(22)], ['--subject', 'acct_24'], ['--grant', 'nobody']]) {
      expect(await revoke(...again)).toEqual({ code: 0, out: 'Revoked: 0', err: '' });
    }
    expect(await revoke('--client', 'nobody', '--json')).toEqual({
      code: 0,
      out: '{"revoked":0}',
      err: '',
    });
  });

  it('loses its name only with --no-name', async () => {
    const create = [
      'keys',
      'create',
      '--prefix',
      'osir',
      '--subject',
      'acct_name',
      '--name',
      'CI',
      '--json',
    ];
    const { id } = (JSON.parse((await latchkey(create)).out) as { record: PublicRecord }).record;
    const name = async () =>
      (JSON.parse((await latchkey(['keys', 'show', id, '--json'])).out) as PublicRecord).name;
    for (const empty of ['', ' ']) {
      const { code, err } = await latchkey(['keys', 'update', id, '--name', empty]);
      expect([code, err]).toEqual([2, expect.stringMatching(/--name.*must not be empty/)]);
    }
    expect((await latchkey(['keys', 'update', id, '--expires', '90d'])).code).toBe(0);
    expect(await name()).toBe('CI');
    expect((await latchkey(['keys', 'update', id, '--no-name'])).code).toBe(0);
    expect(await name()).toBeNull();
  });

  it('loses its scopes only with --no-scope', async () => {
    await create('acct_25', '--scope', 'a,b');
    const { id } = await only('acct_25');
    expect((await latchkey(['keys', 'update', id, '--scope', ''])).code).toBe(2);
    expect((await only('acct_25')).scopes).toEqual(['a', 'b']);
    expect((await latchkey(['keys', 'update', id, '--no-scope'])).code).toBe(0);
    expect((await only('acct_25')).scopes).toEqual([]);
  });

  it('reports why an expired or revoked key cannot be changed', async () => {
    await create('acct_12');
    const { id } = await only('acct_12');
    await latchkey(['keys', 'revoke', id]);
    const err = expect.stringMatching(
      new RegExp(`^latchkey: key ${id} is no longer valid: revoked \\d{4}-\\S+Z$`),
    );
    for (const args of [
      ['revoke', id],
      ['rotate', id],
      ['update', id, '--name', 'x'],
    ]) {
      expect(await latchkey(['keys', ...args])).toEqual({ code: 1, out: '', err });
    }
  });

  it('keeps its prefix when it is rotated, otherwise LATCHKEY_PREFIX', async () => {
    const elsewhere = shell({ LATCHKEY_STORE: sqlite, LATCHKEY_PREFIX: 'acme' });
    await create('acct_13');
    expect((await elsewhere(['keys', 'rotate', (await only('acct_13')).id])).out).toMatch(
      /^osir_live_/,
    );

    const line = JSON.stringify({
      digest: createHash('sha256').update('old').digest('hex'),
      subject: 'acct_14',
      scopes: [],
    });
    await latchkey(['keys', 'import'], line);
    const { id } = await only('acct_14');
    expect(await latchkey(['keys', 'rotate', id])).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('pass --prefix'),
    });
    expect((await elsewhere(['keys', 'rotate', id, '--overlap', '1d'])).out).toMatch(/^acme_live_/);
    expect((await elsewhere(['keys', 'rotate', id, '--prefix', 'other'])).out).toMatch(
      /^other_live_/,
    );
  });

  it('has hidden characters of its name escaped', async () => {
    const name = 'a\u001b[31m\u202eb\u0085\nc';
    const { out } = await create('acct_15', '--name', name, '--json');
    expect(out).toMatch(/^[\n -~]*$/);
    const { id, name: kept } = (JSON.parse(out) as { record: PublicRecord }).record;
    expect(kept).toBe(name);
    for (const args of [
      ['list', '--subject', 'acct_15'],
      ['show', id],
    ]) {
      expect((await latchkey(['keys', ...args])).out).toContain(
        'a\\u{1b}[31m\\u{202e}b\\u{85}\\u{a}c',
      );
    }
    const { out: json } = await latchkey(['keys', 'show', id, '--json']);
    expect(json).toMatch(/^[\n -~–…]*$/);
    expect((JSON.parse(json) as PublicRecord).name).toBe(name);
  });

  it('is listed if its expiry is beyond the range of Date', async () => {
    await create('acct_16');
    const { store, close } = await openStore(sqlite);
    await store.update((await only('acct_16')).id, { expiresAt: Number.MAX_SAFE_INTEGER });
    await close();
    expect(await latchkey(['keys', 'list', '--subject', 'acct_16'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('live until 9007199254740991'),
    });
  });

  it('is deleted by prune', async () => {
    await create('acct_7');
    await latchkey(['keys', 'revoke', (await only('acct_7')).id]);
    await setTimeout(5);
    expect(await latchkey(['keys', 'prune', '--older-than', '1ms'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Pruned: [1-9]/),
    });
    expect(await list('acct_7')).toEqual([]);
  });

  it('is found by an ID that begins with a dash', async () => {
    const { store, close } = await openStore(sqlite);
    const keys = apiKeys({ prefix: 'osir', store });
    const digest = `-${'x'.repeat(42)}`;
    await keys.import([{ digest, subject: 'acct_8', scopes: [] }]);
    await close();
    const id = digest.slice(0, 22);
    expect(await latchkey(['keys', 'show', id, '--json'])).toMatchObject({
      code: 0,
      out: expect.stringContaining(id),
    });
    expect(await latchkey(['keys', 'revoke', id])).toMatchObject({ code: 0 });
  });
});

describe('a key that is passed instead of its ID', () => {
  const unknown = `osir_test_${'x'.repeat(49)}`;
  const COMMANDS = [
    ['show'],
    ['update', '--name', 'Leaked'],
    ['rotate', '--overlap', '1d'],
    ['revoke'],
  ];

  it.each(['as an argument', 'on standard input'])(
    'is shown, updated, rotated and revoked %s, and not said again',
    async (how) => {
      const { out: secret } = await create('acct_20');
      for (const [command = '', ...options] of COMMANDS) {
        const given =
          how === 'as an argument'
            ? latchkey(['keys', command, secret, ...options])
            : latchkey(['keys', command, '-', ...options], `${secret}\n`);
        const { code, out, err } = await given;
        expect([code, `${out}${err}`.includes(secret)]).toEqual([0, false]);
      }
      expect(await verdict(secret)).toEqual({ ok: false, reason: 'revoked' });
      expect(readFileSync(join(folder, 'keys.db')).includes(secret)).toBe(false);
    },
  );

  it.each(COMMANDS)('is not printed by %s if it is unknown', async (command, ...options) => {
    const { code, out, err } = await latchkey(['keys', command, unknown, ...options]);
    expect([code, out]).toEqual([1, '']);
    expect(err).toBe(
      'latchkey: no such key in this store: pass its ID, the 22 characters that "keys list" shows, or the whole key',
    );
  });
});

describe('keys import', () => {
  const hex = (key: string) => createHash('sha256').update(key).digest('hex');

  it('accepts a column of SHA-256 digests for one subject', async () => {
    const column = `${hex('old-1')}\n${hex('old-2')}\n\n`;
    const args = ['keys', 'import', '-', '--subject', 'acct_9', '--scope', 'a'];
    expect(await latchkey(args, column)).toEqual({ code: 0, out: 'Imported: 2 of 2', err: '' });
    expect(await latchkey(args, column)).toEqual({ code: 0, out: 'Imported: 0 of 2', err: '' });
    expect((await list('acct_9')).map(({ scopes }) => scopes)).toEqual([['a'], ['a']]);
  });

  it('accepts a line of JSON for each key', async () => {
    const lines = [
      { digest: hex('old-3'), subject: 'acct_10', scopes: ['a'], name: 'Importer' },
      { digest: hex('old-4'), subject: 'acct_10', scopes: [] },
    ];
    expect(
      await latchkey(['keys', 'import'], lines.map((line) => JSON.stringify(line)).join('\n')),
    ).toMatchObject({
      out: 'Imported: 2 of 2',
    });
    expect((await list('acct_10')).map(({ name }) => name).sort()).toEqual(['Importer', null]);
  });

  it('accepts the output of sha256sum', async () => {
    const lines = `${hex('old-6')}  -\r\n${hex('old-7')} *keys/7.bin\n${hex('old-8').toUpperCase()}  a file\n`;
    const { out } = await latchkey(['keys', 'import', '--subject', 'acct_21'], lines);
    expect([out, (await list('acct_21')).map(({ id }) => id).sort()]).toEqual([
      'Imported: 3 of 3',
      ['old-6', 'old-7', 'old-8']
        .map((key) => createHash('sha256').update(key).digest('base64url').slice(0, 22))
        .sort(),
    ]);
  });

  test.each<[string, readonly string[], string, string]>([
    [
      'what is no digest',
      ['--subject', 'acct_22'],
      'osir_live_secret',
      'line 4 has no SHA-256 digest: 64 characters of hex, or 43 of base64 or base64url',
    ],
    [
      'what is no digest, and has no owner',
      [],
      'osir_live_secret',
      'line 1 names no subject: pass --subject',
    ],
    [
      'broken JSON',
      ['--subject', 'acct_22'],
      '{"secret"',
      'line 4 is neither a digest nor a JSON object',
    ],
    [
      'JSON without a digest',
      ['--subject', 'acct_22'],
      '{"secret":1}',
      'line 4 has no SHA-256 digest: 64 characters of hex, or 43 of base64 or base64url',
    ],
    [
      'a wrong member',
      ['--subject', 'acct_22'],
      `{"digest":"${hex('old-9')}","expiresAt":"2027-01-31"}`,
      'line 4: option "expiresAt" must be a time in whole milliseconds since the epoch, or null',
    ],
  ])('rejects %s, and imports nothing', async (_, options, line, message) => {
    const lines = `${hex('old-5')}\n\n \n${line}\n`;
    expect(await latchkey(['keys', 'import', ...options], lines)).toEqual({
      code: 2,
      out: '',
      err: `latchkey: ${message}`,
    });
    expect(await list('acct_22')).toEqual([]);
  });
});

describe('an invalid command line', () => {
  const id = 'x'.repeat(22);
  test.each<[string, readonly string[], number, RegExp]>([
    ['no command', ['keys'], 2, /create \[options\]/],
    ['an unknown command', ['kyes'], 2, /unknown command/],
    ['an unknown option', ['keys', 'list', '--subjct', 'a'], 2, /unknown option/],
    ['no prefix', ['keys', 'create', '--subject', 'a'], 2, /--prefix/],
    ['no subject', ['keys', 'create', '--prefix', 'osir'], 2, /--subject/],
    ...['', ' ', ',', ' , '].flatMap((empty): [string, readonly string[], number, RegExp][] => [
      [
        `the scopes "${empty}" of a new key`,
        ['keys', 'create', '--prefix', 'osir', '--subject', 'a', '--scope', empty],
        2,
        /--scope.*must not be empty/,
      ],
      [
        `the scopes "${empty}" of an update`,
        ['keys', 'update', id, '--scope', empty],
        2,
        /--scope.*must not be empty/,
      ],
      [
        `the scopes "${empty}" of an import`,
        ['keys', 'import', '--subject', 'a', '--scope', empty],
        2,
        /--scope.*must not be empty/,
      ],
      [
        `the scopes "${empty}" to explain`,
        ['explain', '--prefix', 'osir', '--scope', empty, 'x'],
        2,
        /--scope.*must not be empty/,
      ],
    ]),
    ...['--store-prefix', '--store-schema', '--store-ca'].map(
      (option): [string, readonly string[], number, RegExp] => [
        `an empty ${option}`,
        ['keys', 'list', '--subject', 'a', option, ''],
        2,
        /must not be empty/,
      ],
    ),
    [
      'a prefix for a SQL store',
      ['keys', 'show', id, '--store-prefix', 'x:'],
      2,
      /--store-prefix is only allowed for Redis/,
    ],
    [
      'a schema for SQLite',
      ['keys', 'show', id, '--store-schema', 'auth'],
      2,
      /--store-schema is only allowed for PostgreSQL/,
    ],
    [
      'a CA for SQLite',
      ['keys', 'show', id, '--store-ca', './ca.pem'],
      2,
      /--store-ca is only allowed for servers/,
    ],
    [
      'a prefix in a URL of MySQL',
      ['keys', 'show', id, '--store', 'mysql://127.0.0.1:1/x?prefix=y'],
      2,
      /--store-prefix is only allowed for Redis/,
    ],
    [
      'an empty prefix in a URL',
      ['keys', 'show', id, '--store', 'redis://127.0.0.1:1?prefix='],
      2,
      /must not be empty/,
    ],
    [
      'a CA without TLS',
      ['keys', 'show', id, '--store', 'redis://127.0.0.1:1', '--store-ca', './ca.pem'],
      2,
      /write rediss:/,
    ],
    [
      'a CA that is not there',
      ['keys', 'show', id, '--store', 'rediss://127.0.0.1:1', '--store-ca', './ca.pem'],
      1,
      /in \.\/ca\.pem cannot be read/,
    ],
    ['an empty key', ['keys', 'show', ''], 2, /no key: pass its ID/],
    [
      'nobody whose keys could be revoked',
      ['keys', 'revoke', '--subject', 'nobody'],
      1,
      /nothing to revoke: no key of that owner in the file .*keys\.db/,
    ],
    [
      'a client without keys',
      ['keys', 'revoke', '--client', 'nobody', '--json'],
      1,
      /nothing to revoke/,
    ],
    [
      'a bad prefix',
      ['keys', 'create', '--prefix', 'Osir', '--subject', 'a'],
      2,
      /option "prefix"/,
    ],
    [
      'a bad scope',
      ['keys', 'create', '--prefix', 'osir', '--subject', 'a', '--scope', 'a"b'],
      2,
      /scopes/,
    ],
    ...[
      'soon',
      '30',
      '2027',
      '90x',
      '',
      'd',
      '-90d',
      '2027-01-31 junk',
      '2027-02-30',
      '2027-13-01',
      '2027-01-31T10:00:00',
      '300000y',
    ].map((when): [string, readonly string[], number, RegExp] => [
      `the expiry "${when}"`,
      ['keys', 'create', '--prefix', 'osir', '--subject', 'a', `--expires=${when}`],
      2,
      /It must be never, a date such as 2027-01-31, or a number with a unit: 90d, 12h or 30m/,
    ]),
    ...['2020-01-31', '2020-01-31T00:00:00Z', '0d'].map(
      (when): [string, readonly string[], number, RegExp] => [
        `an expiry that is past, ${when}`,
        ['keys', 'update', id, '--expires', when],
        2,
        /in the past\. To end a key now, use "latchkey keys revoke"/,
      ],
    ),
    [
      'an age without a unit',
      ['keys', 'prune', '--older-than', '30'],
      2,
      /It must be a number with a unit: 90d, 12h or 30m/,
    ],
    [
      'an overlap without a unit',
      ['keys', 'rotate', id, '--overlap', '7'],
      2,
      /It must be a number with a unit/,
    ],
    [
      'a key to revoke and a subject',
      ['keys', 'revoke', id, '--subject', 'a'],
      2,
      /pass an ID, or one of --subject, --client and --grant/,
    ],
    [
      'nothing to change',
      ['keys', 'update', id],
      2,
      /nothing to change: pass --name, --scope, --expires or --metadata/,
    ],
    [
      'nothing to revoke',
      ['keys', 'revoke'],
      2,
      /pass an ID, or one of --subject, --client and --grant/,
    ],
    [
      'two owners of what to revoke',
      ['keys', 'revoke', '--subject', 'a', '--client', 'b'],
      2,
      /one of --subject/,
    ],
    [
      'metadata that is no object',
      ['keys', 'create', '--prefix', 'osir', '--subject', 'a', '--metadata', '[]'],
      2,
      /JSON object/,
    ],
    ['two to list', ['keys', 'list', '--subject', 'a', '--client', 'b'], 2, /one of --subject/],
    ['an unknown key to show', ['keys', 'show', id], 1, /no key/],
    ['an unknown key to update', ['keys', 'update', id, '--name', 'x'], 1, /no key/],
    ['an unknown key to rotate', ['keys', 'rotate', id], 1, /no key/],
    [
      'a file that is not there',
      ['keys', 'show', id, '--store', 'sqlite:./nowhere.db'],
      1,
      /the database \.\/nowhere\.db does not exist/,
    ],
    ['a store of another kind', ['keys', 'show', id, '--store', 'mongodb://x'], 2, /sqlite:/],
    [
      'a store by the name of an inherited member',
      ['keys', 'show', id, '--store', 'constructor:x'],
      2,
      /sqlite:/,
    ],
    ...['sqlite:', 'sqlite://', 'sqlite::memory:', 'sqlite: :memory: '].map(
      (store): [string, readonly string[], number, RegExp] => [
        `the store "${store}", which would end with the command`,
        ['keys', 'create', '--prefix', 'osir', '--subject', 'a', '--store', store],
        2,
        /a database in memory ends with the command/,
      ],
    ),
    [
      'a folder that is not there',
      [
        'keys',
        'create',
        '--prefix',
        'osir',
        '--subject',
        'a',
        '--store',
        'sqlite:./nowhere/keys.db',
      ],
      1,
      /the folder \.\/nowhere does not exist$/,
    ],
    [
      'a database of Redis by a name',
      ['keys', 'show', id, '--store', 'redis://127.0.0.1/x'],
      2,
      /must be a number: redis:\/\/host\/0/,
    ],
    ...['redis', 'mysql'].map((kind): [string, readonly string[], number, RegExp] => [
      `a URL that is none, of ${kind}`,
      ['keys', 'show', id, '--store', `${kind}://u:secret@[x`],
      2,
      /^latchkey: the URL of the store is invalid: pass sqlite:\.\/keys\.db, [^]*redis:\/\/…$/,
    ]),
    [
      'a store that is not there',
      ['keys', 'show', id, '--store', 'postgres://127.0.0.1:1/x'],
      1,
      /latchkey: /,
    ],
  ])('%s', async (_, args, code, message) => {
    const printed = await latchkey(args);
    expect(printed).toMatchObject({ code, out: '' });
    expect(printed.err).toMatch(message);
  });

  it('reports a missing store', async () => {
    expect(await shell()(['keys', 'show', id])).toMatchObject({
      code: 2,
      err: expect.stringContaining('LATCHKEY_STORE'),
    });
  });

  it('has help for every command', async () => {
    for (const args of [
      ['--help'],
      ['keys', '--help'],
      ['keys', 'create', '--help'],
      ['explain', '--help'],
    ]) {
      expect(await latchkey(args)).toMatchObject({
        code: 0,
        out: expect.stringContaining('--store'),
        err: '',
      });
    }
    expect((await latchkey(['--version'])).out).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('the stores', () => {
  let postgres: PostgresServer;
  let mariadb: MariadbServer;
  let redis: RedisServer;
  beforeAll(async () => {
    [postgres, mariadb, redis] = await Promise.all([startPostgres(), startMariadb(), startRedis()]);
  }, 60_000);
  afterAll(() => Promise.all([postgres.close(), mariadb.close(), redis.stop()]));

  it('time out if a server accepts the connection and does not respond', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const ends = ['redis', 'postgres', 'mysql'].map((kind) =>
      latchkey(['keys', 'list', '--subject', 'a', '--store', `${kind}://u@127.0.0.1:${port}`]),
    );
    for (const end of ends) {
      expect(await end).toEqual({
        code: 1,
        out: '',
        err: expect.stringMatching(/^latchkey: .*(timeout|ETIMEDOUT)/),
      });
    }
    sockets.forEach((socket) => socket.destroy());
    silent.close();
  }, 20_000);

  it('wait for slow input', async () => {
    const lines = [
      'keys',
      'import',
      '--subject',
      'acct_23',
      '--store',
      `redis://127.0.0.1:${redis.port}`,
    ];
    const code = await run(lines, {
      ...{ out: () => undefined, err: () => undefined, env: {} },
      input: () => setTimeout(6_000, 'z'.repeat(43)),
    });
    expect(code).toBe(0);
  }, 20_000);

  test.each([
    ['PostgreSQL', () => postgres.url],
    ['MariaDB', () => mariadb.url],
    ['MariaDB by its own name', () => mariadb.url.replace('mysql:', 'mariadb:')],
    ['Redis', () => `redis://127.0.0.1:${redis.port}`],
  ])('%s keeps a key between commands', async (_, url) => {
    const store = ['--store', url()];
    const { code, out } = await latchkey([
      'keys',
      'create',
      '--prefix',
      'osir',
      '--subject',
      'acct_11',
      ...store,
    ]);
    expect(code).toBe(0);
    expect(await verdict(out, url())).toMatchObject({ ok: true });
    const listed = await latchkey(['keys', 'list', '--subject', 'acct_11', '--json', ...store]);
    expect(JSON.parse(listed.out)).toContainEqual(
      expect.objectContaining({ hint: out.slice(0, 14) }),
    );
  });
});
