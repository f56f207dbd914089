import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { Kysely, MysqlDialect } from 'kysely';
import { sqlStore } from 'latchkey/sql';
import { createPool } from 'mysql2';

import { startMariadb } from '../support/mariadb';
import { connect } from '../support/sql-databases';
import { sqlStoreSuite } from './sql-suite';

sqlStoreSuite('MariaDB', {
  inOtherProcesses: true,
  statementsOfChange: 4,
  async start(log) {
    const server = await startMariadb();
    const db = connect({ mysql: server.url }, log);
    // Counts rows that changed where the default counts rows that were found, and gives a bigint as
    // a string.
    const pool = createPool({
      uri: server.url,
      flags: ['-FOUND_ROWS'],
      supportBigNumbers: true,
      bigNumberStrings: true,
    });
    const peer = new Kysely<object>({ dialect: new MysqlDialect({ pool }) });
    return {
      db,
      address: { mysql: server.url },
      store: sqlStore({ db }),
      peer: sqlStore({ db: peer }),
      sent: () => readFileSync(join(server.folder, 'statements.log'), 'utf8'),
      async close() {
        await Promise.all([db.destroy(), peer.destroy()]);
        await server.close();
      },
    };
  },
});
