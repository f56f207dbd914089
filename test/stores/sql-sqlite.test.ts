import { Kysely, SqliteDialect } from 'kysely';
import { sqlStore } from 'latchkey/sql';

import { connect, openSqlite, sqliteFile } from '../support/sql-databases';
import { sqlStoreSuite } from './sql-suite';

describe('in a file', () => {
  sqlStoreSuite('SQLite', {
    inOtherProcesses: true,
    statementsOfChange: 1,
    statementsOfUsage: 1,
    start(log) {
      const { address, remove } = sqliteFile();
      const db = connect(address, log);
      const bigInts = openSqlite(address.sqlite).defaultSafeIntegers();
      const peer = new Kysely<object>({ dialect: new SqliteDialect({ database: bigInts }) });
      return {
        db,
        address,
        store: sqlStore({ db }),
        peer: sqlStore({ db: peer }),
        async close() {
          await Promise.all([db.destroy(), peer.destroy()]);
          remove();
        },
      };
    },
  });
});

describe('in memory', () => {
  sqlStoreSuite('SQLite', {
    inOtherProcesses: false,
    statementsOfChange: 1,
    statementsOfUsage: 1,
    start(log) {
      const db = connect({ sqlite: ':memory:' }, log);
      const store = sqlStore({ db });
      return { db, store, peer: sqlStore({ db }), close: () => db.destroy() };
    },
  });
});
