import { Command, CommanderError } from 'commander';

import { version } from '../../package.json';
import { clientsCommand } from './clients';
import { explainCommand } from './explain';
import { keysCommand } from './keys';
import { shieldId } from './option-parsers';
import { withStoreOptions } from './store-options';
import { safeTerminal, type Terminal } from './terminal';

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/** Runs a command line. Resolves to its exit code: 0 done, 1 failed, 2 wrong command line. */
export async function run(args: readonly string[], console: Terminal): Promise<number> {
  const terminal = safeTerminal(console);
  const program = withStoreOptions(new Command('latchkey'))
    .description(
      'Manages the keys and clients of an API that Latchkey guards, and explains its decisions.',
    )
    .version(version)
    .option('--json', 'print JSON instead of tables')
    .configureHelp({ showGlobalOptions: true })
    .addCommand(keysCommand(terminal))
    .addCommand(clientsCommand(terminal))
    .addCommand(explainCommand(terminal))
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 wrong command line.');
  configure(program, terminal);

  try {
    await program.parseAsync(args.map(shieldId), { from: 'user' });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? DONE : MISUSED;
    }
    terminal.err(`latchkey: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof TypeError ? MISUSED : FAILED;
  }
}

/**
 * By default Commander writes to the process and ends it. Each command is told to use the terminal
 * and to throw.
 */
function configure(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .showHelpAfterError('(add --help to see what is allowed)');
  for (const inner of command.commands) {
    configure(inner, terminal);
  }
}
