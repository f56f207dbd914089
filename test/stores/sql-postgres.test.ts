import { Kysely, PostgresDialect } from 'kysely';
import { sqlStore } from 'latchkey/sql';
import { Client, Pool, types } from 'pg';
import { startPostgres } from '../support/postgres';
import { connect } from '../support/sql-databases';
import { sqlStoreSuite } from './sql-suite';

/** Gives a bigint as BigInt, where pg gives a string. */
const bigInts = { getTypeParser: ((id: number, format: 'text') => (id === 20 ? BigInt : types.getTypeParser(id, format))) as never };

sqlStoreSuite('PostgreSQL', {
  push: true,
  inOtherProcesses: true,
  statementsOfChange: 1,
  async start(log) {
    const server = await startPostgres();
    const db = connect({ postgres: server.url }, log);
    const pool = new Pool({ connectionString: server.url, types: bigInts });
    const peer = new Kysely<object>({ dialect: new PostgresDialect({ pool }) });
    const listen = () => new Client(server.url);
    return {
      db,
      address: { postgres: server.url },
      store: sqlStore({ db, listen }),
      peer: sqlStore({ db: peer, listen }),
      sent: server.log,
      async close() {
        await Promise.all([db.destroy(), peer.destroy()]);
        await server.close();
      },
    };
  },
});
