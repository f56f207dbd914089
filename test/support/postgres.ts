import { type Daemon, findProgram, startDaemon } from './daemon';
import { postgresFolders } from './suites';

// @requires postgresql

/** The user `postgres` needs no password; the database is `postgres`. */
export interface PostgresServer extends Daemon {
  readonly url: string;
}

/**
 * A real PostgreSQL, whose texts have another order than that of their bytes unless a column says
 * otherwise.
 */
export async function startPostgres({ logsStatements = true } = {}): Promise<PostgresServer> {
  const find = (program: string) => findProgram(program, 'postgresql', postgresFolders());
  const [initdb, postgres] = [find('initdb'), find('postgres')];
  const daemon = await startDaemon({
    name: 'postgres',
    prepare: (folder) => [
      initdb,
      ...['-D', `${folder}/data`, '-U', 'postgres', '-A', 'trust', '--no-sync'],
      ...['--encoding=UTF8', '--locale=C', '--locale-provider=icu', '--icu-locale=en-US'],
    ],
    run: (folder, port) => [
      postgres,
      ...['-D', `${folder}/data`, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'],
      ...['-c', 'max_connections=200', '-c', `log_statement=${logsStatements ? 'all' : 'none'}`],
    ],
    ready: /ready to accept connections/,
  });
  return { ...daemon, url: `postgresql://postgres@127.0.0.1:${daemon.port}/postgres` };
}
