import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { clientsCommand } from './clients';
import { explainCommand } from './explain';
import { keysCommand } from './keys';
import type { Terminal } from './terminal';
import { shieldId } from './option-parsers';

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/** Runs one command line. Resolves to its exit code: 0 for done, 1 for could not, 2 for not understood. */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = new Command('latchkey')
    .description('Keys, clients and decisions of an API guarded by Latchkey.')
    .version(version)
    .option('--store <url>', 'where the keys are: sqlite:./keys.db, postgres://…, mysql://…, redis://… (or LATCHKEY_STORE)')
    .option('--json', 'print JSON instead of tables')
    .configureHelp({ showGlobalOptions: true })
    .addCommand(keysCommand(terminal))
    .addCommand(clientsCommand(terminal))
    .addCommand(explainCommand(terminal))
    .addHelpText('after', '\nExit codes: 0 done, 1 it could not be done, 2 the command line is wrong.');
  settle(program, terminal);

  try {
    await program.parseAsync(args.map(shieldId), { from: 'user' });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? DONE : MISUSED;
    terminal.err(`latchkey: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof TypeError ? MISUSED : FAILED;
  }
}

/** Commander ends the process and writes to it by itself, unless each command is told otherwise. */
function settle(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .showHelpAfterError('(add --help to see what is allowed)');
  for (const inner of command.commands) settle(inner, terminal);
}
