import {
  apiKeys,
  type CredentialStore,
  type ImportError,
  memoryStore,
  type StoredRecord,
} from 'latchkey';

import { toDigest } from '../../src/credential/digest';

const records = (count: number, more: object = {}) =>
  Array.from({ length: count }, (_, n) => ({
    digest: toDigest(`key ${n}`),
    subject: 'acct_42',
    scopes: ['a'],
    ...more,
  }));

/** A store with `insertMany()`, and the sizes of its batches. */
function bulkStore() {
  const store = memoryStore();
  const batches: number[] = [];
  const insertMany = async (batch: readonly StoredRecord[]) => {
    batches.push(batch.length);
    return Promise.all(batch.map((record) => store.insert(record)));
  };
  return { batches, store: { ...store, insertMany } };
}
const importInto = async (store: CredentialStore, list = records(5)): Promise<ImportError> =>
  apiKeys({ prefix: 'acme', store })
    .import(list)
    .then(
      () => {
        throw new Error('import() did not reject');
      },
      (error: unknown) => error as ImportError,
    );
const count = async (store: CredentialStore) =>
  (await store.list({ kind: 'api_key', by: 'subject', id: 'acct_42' }, { limit: 9_999 })).length;

describe('import()', () => {
  it('passes the records to insertMany() in batches of a thousand, and returns those that were added', async () => {
    const { store, batches } = bulkStore();
    const keys = apiKeys({ prefix: 'acme', store });
    expect(await keys.import(records(10))).toHaveLength(10);
    expect(await keys.import(records(2_500))).toHaveLength(2_490);
    expect(batches).toEqual([10, 1_000, 1_000, 500]);
    expect(await count(store)).toBe(2_500);
  });

  it('passes each ID to insertMany() once: the first record of an ID wins', async () => {
    const { store, batches } = bulkStore();
    const list = [
      ...records(2),
      ...records(2, { subject: 'thief' }),
      ...records(3, { subject: 'acct_43' }),
    ];
    const added = await apiKeys({ prefix: 'acme', store }).import(list);
    expect([batches, added.map(({ subject }) => subject)]).toEqual([
      [3],
      ['acct_42', 'acct_42', 'acct_43'],
    ]);
  });

  it('returns the records in the order in which they were given, also if an ID occurs twice', async () => {
    const list = [...records(2), ...records(1, { subject: 'thief' }), ...records(3)];
    for (const store of [memoryStore(), bulkStore().store]) {
      const added = await apiKeys({ prefix: 'acme', store }).import(list);
      expect(added.map(({ id, subject }) => [id, subject])).toEqual(
        records(3).map(({ digest }) => [digest.slice(0, 22), 'acct_42']),
      );
    }
  });

  it('inserts records one by one if the store has no insertMany()', async () => {
    const store = memoryStore();
    expect(await apiKeys({ prefix: 'acme', store }).import(records(50))).toHaveLength(50);
    expect(await count(store)).toBe(50);
  });

  it('writes nothing if any record is invalid, the last of 3,000 too', async () => {
    const { store, batches } = bulkStore();
    const list = [...records(2_999), { digest: 'x', subject: 'acct_42', scopes: [] }];
    expect(await importInto(store, list)).toMatchObject({
      name: 'TypeError',
      code: 'ERR_LATCHKEY_OPTION',
    });
    expect([batches, await count(store)]).toEqual([[], 0]);
  });
});

describe('import() into a store that fails', () => {
  it('says which records were added, if they are inserted one by one', async () => {
    const store = memoryStore();
    const insert = store.insert.bind(store);
    const cause = new Error('connection lost');
    let calls = 0;
    store.insert = (record) => ((calls += 1) > 2 ? Promise.reject(cause) : insert(record));
    const error = await importInto(store);
    expect(error).toMatchObject({ code: 'ERR_LATCHKEY_IMPORT', uncertain: [], cause });
    expect(error.message).toBe(
      'api_keys.import(): 2 of 5 records were added; then the store failed: connection lost. Import them again: known records are left as they are',
    );
    expect(error.added.map(({ id }) => id)).toEqual(
      records(2).map(({ digest }) => digest.slice(0, 22)),
    );
    store.insert = insert;
    expect(await apiKeys({ prefix: 'acme', store }).import(records(5))).toHaveLength(3);
  });

  it('finds out what an unfinished batch has written', async () => {
    const { store } = bulkStore();
    const insertMany = async (batch: readonly StoredRecord[]) => {
      for (const record of batch.slice(0, 3)) {
        await store.insert(record);
      }
      throw new Error('timeout');
    };
    const error = await importInto({ ...store, insertMany });
    expect([error.added.length, error.uncertain.length]).toEqual([3, 0]);
    for (const record of error.added) {
      expect(record).not.toHaveProperty('digest');
    }
  });

  it('does not count records that were known before', async () => {
    const { store } = bulkStore();
    await apiKeys({ prefix: 'acme', store }).import(records(2, { name: 'earlier' }));
    const error = await importInto({
      ...store,
      insertMany: () => Promise.reject(new Error('timeout')),
    });
    expect([error.added, error.uncertain]).toEqual([[], []]);
  });

  it('says which records are uncertain if the store cannot be read either', async () => {
    const { store } = bulkStore();
    const down = () => Promise.reject(new Error('down'));
    const error = await importInto({ ...store, insertMany: down, findById: down });
    expect([error.added.length, error.uncertain.length]).toEqual([0, 5]);
    expect(error.message).toContain(
      '0 of 5 records were added, and 5 may have been added; then the store failed: down',
    );
  });

  test.each([undefined, [], [true], 5])(
    'rejects if insertMany() returns %j instead of a result for each record',
    async (answer) => {
      const error = await importInto({ ...memoryStore(), insertMany: async () => answer as never });
      expect(error.message).toContain('insertMany() must return a boolean for each record');
    },
  );
});
