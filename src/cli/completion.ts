import { Argument, Command } from 'commander';

import type { Terminal } from './terminal';

const HELP = `
Load the script in your shell's configuration:
  bash  source <(latchkey completion bash)
  zsh   source <(latchkey completion zsh)
  fish  latchkey completion fish | source`;

/** `latchkey completion …`: prints a script that completes commands and options in a shell. */
export const completionCommand = (terminal: Terminal): Command =>
  new Command('completion')
    .description('print a completion script for your shell')
    .addArgument(new Argument('<shell>').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', HELP)
    .action((shell: string, _, command: Command) => {
      const entries = commandEntries(command.parent ?? command);
      terminal.out(SCRIPTS.get(shell)?.(entries) ?? '');
    });

/** A command, and what can follow it. */
interface Entry {
  /** The words of the command after `latchkey`. */
  readonly path: readonly string[];
  readonly commands: readonly Word[];
  readonly options: readonly Word[];
}

interface Word {
  readonly name: string;
  readonly description: string;
}

function commandEntries(command: Command, path: readonly string[] = []): readonly Entry[] {
  const help = command.createHelp();
  const options = [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)];
  const commands = help.visibleCommands(command).filter((inner) => inner.name() !== 'help');
  const entry: Entry = {
    path,
    commands: commands.map((inner) => ({
      name: inner.name(),
      description: inner.description(),
    })),
    options: options.map(({ long, description }) => ({ name: long ?? '', description })),
  };
  return [entry, ...commands.flatMap((inner) => commandEntries(inner, [...path, inner.name()]))];
}

function bashScript(entries: readonly Entry[]): string {
  const paths = entries.filter(({ path }) => path.length > 0).map(({ path }) => path.join(' '));
  const cases = entries.map(({ path, commands, options }) => {
    const words = [...commands, ...options].map(({ name }) => name);
    return `    '${path.join(' ')}') words='${words.join(' ')}' ;;`;
  });
  return [
    '_latchkey() {',
    '  local path= words= word',
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    '    case "${path:+$path }$word" in',
    `      ${paths.map((path) => `'${path}'`).join('|')}) path="\${path:+$path }$word" ;;`,
    '    esac',
    '  done',
    '  case "$path" in',
    ...cases,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _latchkey latchkey',
  ].join('\n');
}

/** zsh runs the script of bash. */
const zshScript = (entries: readonly Entry[]): string =>
  `autoload -U +X bashcompinit && bashcompinit\n${bashScript(entries)}`;

function fishScript(entries: readonly Entry[]): string {
  const lines = entries.flatMap(({ path, commands, options }) => {
    const start = `complete -c latchkey -n '${fishCondition(path, commands)}'`;
    return [
      ...commands.map(({ name, description }) => `${start} -f -a ${name} -d ${quote(description)}`),
      ...options.map(
        ({ name, description }) => `${start} -l ${name.slice(2)} -d ${quote(description)}`,
      ),
    ];
  });
  return lines.join('\n');
}

/** Whether the words of a command were typed, and none of its subcommands. */
function fishCondition(path: readonly string[], commands: readonly Word[]): string {
  const typed = path.map((word) => `__fish_seen_subcommand_from ${word}`);
  const names = commands.map(({ name }) => name).join(' ');
  const untyped = names && `not __fish_seen_subcommand_from ${names}`;
  return [...typed, untyped].filter(Boolean).join('; and ');
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

const SCRIPTS: ReadonlyMap<string, (entries: readonly Entry[]) => string> = new Map([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);
