import { type Daemon, findProgram, startDaemon } from './daemon';

// @requires mariadb-server

/** The user `root` needs no password; the database is `test`. */
export interface MariadbServer extends Daemon {
  readonly url: string;
}

/** A real MariaDB. */
export async function startMariadb({ logsStatements = true } = {}): Promise<MariadbServer> {
  const find = (program: string) => findProgram(program, 'mariadb-server', ['/usr/sbin']);
  const [installDb, mariadbd] = [find('mariadb-install-db'), find('mariadbd')];
  const daemon = await startDaemon({
    name: 'mariadb',
    prepare: (folder) => [
      installDb,
      '--no-defaults',
      `--datadir=${folder}/data`,
      '--auth-root-authentication-method=normal',
    ],
    run: (folder, port) => [
      mariadbd,
      '--no-defaults',
      ...[
        `--datadir=${folder}/data`,
        `--port=${port}`,
        '--bind-address=127.0.0.1',
        `--socket=${folder}/socket`,
        `--pid-file=${folder}/pid`,
      ],
      ...['--max-connections=200', '--innodb-flush-log-at-trx-commit=0'],
      ...(logsStatements ? ['--general-log', `--general-log-file=${folder}/statements.log`] : []),
    ],
    ready: /ready for connections/,
  });
  return { ...daemon, url: `mysql://root@127.0.0.1:${daemon.port}/test` };
}
