/** @jest-environment ./test/support/pglite-environment.js */
import type { PGlite as PGliteClass } from '@electric-sql/pglite';
import { Kysely } from 'kysely';
import { PGliteDialect } from 'kysely-pglite-dialect';
import { sqlStore } from 'latchkey/sql';

import { sqlStoreSuite } from './sql-suite';

/** From its environment. */
declare const PGlite: typeof PGliteClass;

sqlStoreSuite('PGlite', {
  inOtherProcesses: false,
  statementsOfChange: 1,
  start(log) {
    const db = new Kysely<object>({ dialect: new PGliteDialect(new PGlite()), log });
    return { db, store: sqlStore({ db }), peer: sqlStore({ db }), close: () => db.destroy() };
  },
});
