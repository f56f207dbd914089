import { readFile } from 'node:fs/promises';

import { Command } from 'commander';

import type { PublicRecord } from '../../credentials/records';
import { omitUndefined } from '../../internal/objects';
import {
  collect,
  duration,
  type Expiry,
  expiry,
  id as parseId,
  jsonObject,
} from '../option-parsers';
import { printAs, toJson, withIsoTimes } from '../print';
import { CommandError, type Terminal } from '../terminal';
import { keysAction, type KeysContext, printIssued, type SharedOptions } from './context';
import { importLines, parseKeyLines } from './import-lines';
import { KEY_ARGUMENT, orFailure, resolveKey } from './resolve-key';

interface CreateOptions extends SharedOptions {
  readonly prefix: string;
  readonly subject: string;
  readonly client?: string;
  readonly scope?: readonly string[];
  readonly name?: string;
  readonly environment?: string;
  readonly expires?: Expiry;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export const createCommand = (terminal: Terminal): Command =>
  new Command('create')
    .description('create a key, and print its secret on standard output, once')
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
    .action(keysAction(terminal, create));

async function create(context: KeysContext<CreateOptions>): Promise<void> {
  const { prefix, subject, client, scope, name, environment, expires, metadata } = context.options;
  const issued = await context.withPrefix(prefix).issue(
    {
      subject,
      scopes: scope ?? [],
      ...expires,
      ...omitUndefined({ name, environment, clientId: client, metadata }),
    },
    context.change,
  );
  printIssued(issued, context);
}

type RotateOptions = SharedOptions & { readonly overlap?: number };

export const rotateCommand = (terminal: Terminal): Command =>
  new Command('rotate')
    .argument('<id>', KEY_ARGUMENT, parseId)
    .description('replace a key, and print the new secret on standard output, once')
    .option(
      '--prefix <word>',
      'first word of the new key (the one of the old key, otherwise LATCHKEY_PREFIX)',
    )
    .option('--overlap <duration>', 'how long the old key remains valid (not at all)', duration)
    .action(keysAction(terminal, rotate));

async function rotate(context: KeysContext<RotateOptions>, id: string | undefined): Promise<void> {
  const { keys, withPrefix, options, terminal } = context;
  const key = await resolveKey(id, terminal);
  const old = await orFailure(keys.get(key.id), keys, key);
  const prefix = options.prefix ?? prefixIn(old) ?? terminal.env.LATCHKEY_PREFIX;
  if (prefix === undefined) {
    throw new CommandError('the prefix of the old key is not known: pass --prefix');
  }
  const rotation = omitUndefined({ overlapMs: options.overlap });
  const issued = withPrefix(prefix).rotate(key.id, rotation, context.change);
  printIssued(await orFailure(issued, keys, key), context);
}

/** Returns the prefix of a key if its hint shows it. */
const prefixIn = ({ hint }: PublicRecord): string | undefined =>
  /^([a-z][a-z0-9]*)_[a-z0-9]+_/.exec(hint)?.[1];

const IMPORT_HELP = `
Each line is a SHA-256 digest (hex, base64 or base64url, or a line of sha256sum) or a JSON object:
  {"digest":"…","subject":"…","scopes":["…"],"name":"…","expiresAt":"2027-01-31T09:00:00Z"}
Known keys are not changed. With --legacy, digests may be other hashes without a salt, such as HMAC or SHA-512: your API
then needs apiKeys({ legacy: [{ form, digest }] }).`;

type ImportOptions = SharedOptions & {
  readonly subject?: string;
  readonly scope?: readonly string[];
  readonly legacy?: boolean;
};

export const importCommand = (terminal: Terminal): Command =>
  new Command('import')
    .argument('[file]', 'a file; - or no argument reads standard input')
    .description('import existing keys by their digests')
    .option('--subject <id>', 'for lines that name no subject')
    .option('--scope <scopes>', 'for lines that name no scopes; may be repeated', collect)
    .option('--legacy', 'accept hashes other than SHA-256')
    .addHelpText('after', IMPORT_HELP)
    .action(keysAction(terminal, importKeys));

async function importKeys(context: KeysContext<ImportOptions>, file = '-'): Promise<void> {
  const { keys, options, terminal } = context;
  const text = file === '-' ? await terminal.input() : await readFile(file, 'utf8');
  const lines = parseKeyLines(text, options);
  const added = await importLines(keys, lines, context.change);
  printAs(
    context,
    () => toJson(added.map(withIsoTimes)),
    () => `Imported: ${added.length} of ${lines.length}`,
  );
}
