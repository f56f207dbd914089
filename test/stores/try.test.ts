/** @jest-environment ./test/support/pglite-environment.js */
import { credentialStoreContract, stateStoreContract } from 'latchkey/testing';
import { sqlStore } from 'latchkey/sql';
import { Kysely } from 'kysely';
import { PGliteDialect } from 'kysely-pglite-dialect';
import { startPostgres } from '../support/postgres';
import { startMariadb } from '../support/mariadb';
import { connect, sqliteFile } from '../support/sql-databases';
import { Client } from 'pg';

const setups: Record<string, () => Promise<any>> = {
  async postgres() {
    const s = await startPostgres();
    const a = connect({ postgres: s.url }), b = connect({ postgres: s.url });
    const listen = () => new Client(s.url);
    return { store: sqlStore({ db: a, listen }), peer: sqlStore({ db: b, listen }), end: async () => { await a.destroy(); await b.destroy(); await s.close(); } };
  },
  async mysql() {
    const s = await startMariadb();
    const a = connect({ mysql: s.url }), b = connect({ mysql: s.url });
    return { store: sqlStore({ db: a }), peer: sqlStore({ db: b }), end: async () => { await a.destroy(); await b.destroy(); await s.close(); } };
  },
  async sqlite() {
    const s = sqliteFile();
    const a = connect(s.address), b = connect(s.address);
    return { store: sqlStore({ db: a }), peer: sqlStore({ db: b }), end: async () => { await a.destroy(); await b.destroy(); s.remove(); } };
  },
  async memory() {
    const a = connect({ sqlite: ':memory:' });
    return { store: sqlStore({ db: a }), peer: sqlStore({ db: a }), end: async () => { await a.destroy(); } };
  },
  async pglite() {
    const a = new Kysely<any>({ dialect: new PGliteDialect(new (globalThis as any).PGlite()) });
    return { store: sqlStore({ db: a }), peer: sqlStore({ db: a }), end: async () => { await a.destroy(); } };
  },
};
describe.each(Object.keys(setups))('%s', (name) => {
  let s: any;
  beforeAll(async () => { s = await setups[name]!(); await s.store.migrate(); }, 60000);
  afterAll(async () => { await s.end(); }, 60000);
  const open = () => ({ store: s.store, peer: s.peer });
  for (const { name: n, run } of credentialStoreContract(open, { push: name === 'postgres' })) test(n, run, 60000);
  for (const { name: n, run } of stateStoreContract(open)) test(n, run, 60000);
});
