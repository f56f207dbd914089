import { Command, CommanderError } from 'commander';

import { version } from '../../package.json';
import { clientsCommand } from './clients';
import { completionCommand } from './completion';
import { explainCommand } from './explain';
import { keysCommand } from './keys';
import { shieldId } from './option-parsers';
import { withStoreOptions } from './store-options';
import { safeTerminal, type Terminal } from './terminal';

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/** Runs a command line. Resolves to its exit code: 0 done, 1 failed, 2 invalid command line. */
export async function run(args: readonly string[], console: Terminal): Promise<number> {
  const terminal = safeTerminal(console);
  const isJson = args.includes('--json');
  const program = createProgram(terminal);
  configure(program, terminal, isJson);
  try {
    await program.parseAsync(args.map(shieldId), { from: 'user' });
    return DONE;
  } catch (error) {
    if (error instanceof CommanderError) {
      return reportMisuse(error, terminal, isJson);
    }
    terminal.err(
      isJson ? errorAsJson(toCode(error), toMessage(error)) : `latchkey: ${toMessage(error)}`,
    );
    return error instanceof TypeError ? MISUSED : FAILED;
  }
}

const createProgram = (terminal: Terminal): Command =>
  withStoreOptions(new Command('latchkey'))
    .description(
      'Manages the keys and clients of an API that Latchkey guards, and explains its decisions.',
    )
    .version(version, '-v, --version', 'print the version')
    .option('--json', 'print JSON instead of tables, also for errors')
    .configureHelp({ showGlobalOptions: true })
    .addCommand(keysCommand(terminal))
    .addCommand(clientsCommand(terminal))
    .addCommand(explainCommand(terminal))
    .addCommand(completionCommand(terminal))
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 invalid command line.');

/**
 * Commander has already printed its errors, but not as JSON. Help and the version are no errors.
 */
function reportMisuse(error: CommanderError, terminal: Terminal, isJson: boolean): number {
  if (error.exitCode === 0) {
    return DONE;
  }
  if (isJson) {
    const message = error.message.replace(/^error: /, '');
    terminal.err(errorAsJson('ERR_LATCHKEY_ARGUMENT', message));
  }
  return MISUSED;
}

const errorAsJson = (code: string, message: string): string =>
  JSON.stringify({ error: { code, message } });

const toMessage = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The codes of drivers and of Node are not stable. */
function toCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  const isOurs = typeof code === 'string' && code.startsWith('ERR_LATCHKEY_');
  return isOurs ? code : 'ERR_LATCHKEY_COMMAND';
}

/** By default, Commander writes to the process and ends it. */
function configure(command: Command, terminal: Terminal, isJson: boolean): void {
  command
    .exitOverride()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => !isJson && terminal.err(text.trimEnd()),
    })
    .showHelpAfterError('(add --help to see what is allowed)');
  command.commands.forEach((inner) => configure(inner, terminal, isJson));
}
