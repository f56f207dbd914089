import { sqlStore } from 'latchkey/sql';

import { connect } from '../support/sql-databases';
import { sqlStoreSuite } from './sql-suite';

// What a user has who is on a later Node than these tests.
jest.mock('kysely', () => jest.requireActual<object>('kysely29'));

sqlStoreSuite('SQLite by Kysely 0.29', {
  inOtherProcesses: false,
  statementsOfChange: 1,
  statementsOfUsage: 1,
  start(log) {
    const db = connect({ sqlite: ':memory:' }, log);
    return { db, store: sqlStore({ db }), peer: sqlStore({ db }), close: () => db.destroy() };
  },
});
