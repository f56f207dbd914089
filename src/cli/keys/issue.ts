import { readFile } from 'node:fs/promises';

import { Command } from 'commander';

import type { PublicRecord } from '../../credentials/records';
import {
  collect,
  duration,
  type Expiry,
  expiry,
  id as parseId,
  jsonObject,
} from '../option-parsers';
import { CommandError, type Terminal } from '../terminal';
import { printIssued, type SharedOptions, withKeys } from './context';
import { importLines, parseKeyLines } from './import-lines';
import { orFailure, resolveKey } from './resolve-key';

interface CreateOptions extends SharedOptions {
  readonly prefix: string;
  readonly subject: string;
  readonly client?: string;
  readonly scope?: readonly string[];
  readonly name?: string;
  readonly environment?: string;
  readonly expires?: Expiry;
  readonly metadata?: Record<string, unknown>;
}

export const createCommand = (terminal: Terminal): Command =>
  new Command('create')
    .description('create a key; its secret is printed on standard output, this once')
    .requiredOption(
      '--prefix <word>',
      'first word of the key, for example acme for acme_live_… (or LATCHKEY_PREFIX)',
      terminal.env.LATCHKEY_PREFIX,
    )
    .requiredOption('--subject <id>', 'who the key acts for')
    .option('--scope <scopes>', 'scopes of the key; may be repeated', collect)
    .option('--name <name>', 'a label for its owner')
    .option('--environment <word>', 'second word of the key (live)')
    .option('--expires <when>', 'never (the default), a date, or a duration such as 90d', expiry)
    .option('--client <id>', 'the client that the key is for')
    .option('--metadata <json>', 'a JSON object: the claims of the principal', jsonObject)
    .action((_, command: Command) =>
      withKeys(command, terminal, async ({ withPrefix }, options: CreateOptions) => {
        const {
          prefix,
          subject,
          client,
          scope = [],
          name,
          environment,
          expires,
          metadata,
        } = options;
        const issued = await withPrefix(prefix).issue({
          subject,
          scopes: scope,
          ...(name !== undefined && { name }),
          ...(environment !== undefined && { environment }),
          ...expires,
          ...(client !== undefined && { clientId: client }),
          ...(metadata !== undefined && { metadata }),
        });
        printIssued(issued, options, terminal);
      }),
    );

export const rotateCommand = (terminal: Terminal): Command =>
  new Command('rotate')
    .argument(
      '<id>',
      'the ID of the key, or the key itself; - reads it from standard input',
      parseId,
    )
    .description('replace a key; the new secret is printed on standard output, this once')
    .option(
      '--prefix <word>',
      'first word of the new key (that of the old key, else LATCHKEY_PREFIX)',
    )
    .option('--overlap <duration>', 'how long the old key remains valid (not at all)', duration)
    .action((id: string, _, command: Command) =>
      withKeys(
        command,
        terminal,
        async ({ keys, withPrefix }, options: SharedOptions & { overlap?: number }) => {
          const key = await resolveKey(id, terminal);
          const old = await orFailure(keys.get(key.id), keys, key);
          const prefix = options.prefix ?? prefixIn(old) ?? terminal.env.LATCHKEY_PREFIX;
          if (prefix === undefined) {
            throw new CommandError('the old key does not show its prefix; give --prefix');
          }
          const issued = withPrefix(prefix).rotate(
            key.id,
            options.overlap === undefined ? {} : { overlapMs: options.overlap },
          );
          printIssued(await orFailure(issued, keys, key), options, terminal);
        },
      ),
    );

/** The prefix of a key, as far as its hint shows it. */
const prefixIn = ({ hint }: PublicRecord): string | undefined =>
  /^([a-z][a-z0-9]*)_[a-z0-9]+_/.exec(hint)?.[1];

const IMPORT_HELP = `
Each line is a SHA-256 digest (hex, base64 or base64url, or a line of sha256sum) or a JSON object: {"digest":"…","subject":"…","scopes":["…"],"name":"…"}.
Known keys are left as they are.`;

export const importCommand = (terminal: Terminal): Command =>
  new Command('import')
    .argument('[file]', 'a file; - or nothing reads standard input')
    .description('import existing keys by their SHA-256 digests')
    .option('--subject <id>', 'for lines that name no subject')
    .option('--scope <scopes>', 'for lines that name no scopes; may be repeated', collect)
    .addHelpText('after', IMPORT_HELP)
    .action((file: string | undefined, _, command: Command) =>
      withKeys(
        command,
        terminal,
        async (
          { keys },
          options: SharedOptions & { subject?: string; scope?: readonly string[] },
        ) => {
          const text =
            file === undefined || file === '-'
              ? await terminal.input()
              : await readFile(file, 'utf8');
          const lines = parseKeyLines(text, options);
          const added = await importLines(keys, lines);
          terminal.out(
            options.json
              ? JSON.stringify(added, null, 2)
              : `Imported: ${added.length} of ${lines.length}`,
          );
        },
      ),
    );
