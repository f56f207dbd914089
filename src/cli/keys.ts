import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { apiKeys } from '../verifiers/api-keys';
import type { Issued, PublicRecord, CredentialOwner } from '../credentials/records';
import type { ManagedVerifier } from '../verifiers/stored';
import { openStore } from './open-store';
import { importLines, keyLinesOf } from './import';
import { failureReason, namedKey, type NamedKey } from './resolve-key';
import { onePage } from './paginate';
import { detailsOf, tableOf } from './print';
import { CommandError, type Terminal } from './terminal';
import { collect, count, duration, expiry, id as anId, jsonObject, type Expiry } from './option-parsers';

interface Shared {
  readonly store?: string;
  readonly prefix?: string;
  readonly json?: boolean;
}
interface Described extends Shared {
  readonly subject: string;
  readonly client?: string;
  readonly scope?: readonly string[];
  readonly name?: string;
  readonly environment?: string;
  readonly expires?: Expiry;
  readonly metadata?: Record<string, unknown>;
}
type Held = Shared & { readonly subject?: string; readonly client?: string; readonly grant?: string };

const EXAMPLES = `
Examples:
  $ export LATCHKEY_STORE=sqlite:./keys.db
  $ latchkey keys create --prefix osir --subject acct_42 --scope domains:read --name CI
  $ latchkey keys list --subject acct_42
  $ latchkey keys rotate <id> --overlap 7d
  $ latchkey keys revoke <id>`;

/** `latchkey keys …`: the life of API keys, for the hands of an operator. */
export function keysCommand(terminal: Terminal): Command {
  const keys = new Command('keys').description('create, list, change and end API keys').addHelpText('after', EXAMPLES);

  keys
    .command('create')
    .description('make a key; its secret is printed on standard output, this once')
    .requiredOption(
      '--prefix <word>',
      'first word of the key, for example osir for osir_live_… (or LATCHKEY_PREFIX)',
      terminal.env.LATCHKEY_PREFIX,
    )
    .requiredOption('--subject <id>', 'whom the key speaks for')
    .option('--scope <scopes>', 'scopes of the key; may stand more than once', collect)
    .option('--name <name>', 'what its owner calls it')
    .option('--environment <word>', 'live unless named otherwise')
    .option('--expires <when>', 'never (the default), a date, or a duration such as 90d', expiry)
    .option('--client <id>', 'the client that it was made for')
    .option('--metadata <json>', 'a JSON object: the claims of the principal', jsonObject)
    .action((_, command: Command) =>
      withKeys(command, terminal, async (life, options: Described) => {
        const { prefix, subject, client, scope = [], name, environment, expires, metadata } = options;
        const issued = await life(prefix).issue({
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

  owned(keys.command('list').description('the keys of a subject, a client or a grant, in the order of issue'))
    .option('--after <id>', 'begin after this key', anId)
    .option('--limit <n>', 'at most so many (100)', count)
    .action((_, command: Command) =>
      withKeys(command, terminal, async (life, options: Held & { after?: string; limit?: number }) => {
        const { after, limit } = options;
        const whose = whoseOf(options);
        const page = {
          ...(after !== undefined && { after: await heldKey(life(), whose, await namedKey(after, terminal)) }),
          ...(limit !== undefined && { limit }),
        };
        const records = await onePage(
          (wanted) => life().list({ ...whose, ...wanted }),
          ({ id }) => id,
          page,
          terminal,
        );
        terminal.out(options.json ? JSON.stringify(records, null, 2) : tableOf(records));
      }),
    );

  keys
    .command('show')
    .argument('<id>', 'the key, by its id or itself; - reads it from standard input', anId)
    .description('all that is known of a key')
    .action((id: string, _, command: Command) =>
      withKeys(command, terminal, async (life, options: Shared) => {
        const key = await namedKey(id, terminal);
        printRecord(await orHindrance(life().get(key.id), life(), key), options, terminal);
      }),
    );

  keys
    .command('update')
    .argument('<id>', 'the key, by its id or itself; - reads it from standard input', anId)
    .description('change the name, scopes, expiry or metadata of a key that is not revoked')
    .option('--name <name>', 'its new name')
    .option('--scope <scopes>', 'its new scopes, all of them; may stand more than once', collect)
    .option('--expires <when>', 'never, a date, or a duration from now', expiry)
    .option('--metadata <json>', 'its new metadata', jsonObject)
    .action((id: string, _, command: Command) =>
      withKeys(command, terminal, async (life, options: Omit<Described, 'subject'>) => {
        const { name, scope, expires, metadata } = options;
        const changes = {
          ...(name !== undefined && { name }),
          ...(scope !== undefined && { scopes: scope }),
          ...expires,
          ...(metadata !== undefined && { metadata }),
        };
        if (Object.keys(changes).length === 0) throw new TypeError('nothing to change: give --name, --scope, --expires or --metadata');
        const key = await namedKey(id, terminal);
        printRecord(await orHindrance(life().update(key.id, changes), life(), key), options, terminal);
      }),
    );

  keys
    .command('rotate')
    .argument('<id>', 'the key, by its id or itself; - reads it from standard input', anId)
    .description('put a new key in the place of one; the new secret is printed on standard output, this once')
    .option('--prefix <word>', 'first word of the new key (that of the old one, else LATCHKEY_PREFIX)')
    .option('--overlap <duration>', 'how long the old key lives on (not at all)', duration)
    .action((id: string, _, command: Command) =>
      withKeys(command, terminal, async (life, options: Shared & { overlap?: number }) => {
        const { overlap } = options;
        const key = await namedKey(id, terminal);
        const old = await orHindrance(life().get(key.id), life(), key);
        const prefix = options.prefix ?? prefixOf(old) ?? terminal.env.LATCHKEY_PREFIX;
        if (prefix === undefined) throw new CommandError('the old key does not show its prefix; give --prefix');
        const issued = life(prefix).rotate(key.id, overlap === undefined ? {} : { overlapMs: overlap });
        printIssued(await orHindrance(issued, life(), key), options, terminal);
      }),
    );

  owned(
    keys
      .command('revoke')
      .argument('[id]', 'the key, by its id or itself; - reads it from standard input', anId)
      .description('end a key now; or all keys of a subject, a client or a grant'),
  ).action((id: string | undefined, _, command: Command) =>
    withKeys(command, terminal, async (life, options: Held) => {
      if ((id === undefined) === (ownersOf(options).length === 0))
        throw new TypeError('give an id, or one of --subject, --client and --grant');
      const revoked = id === undefined ? await life().revokeAll(whoseOf(options)) : await revokeOne(life(), await namedKey(id, terminal));
      terminal.out(options.json ? JSON.stringify({ revoked }) : `Revoked: ${revoked}`);
    }),
  );

  keys
    .command('import [file]')
    .description('take over keys that exist already, by their SHA-256 digests (- or no file: standard input)')
    .option('--subject <id>', 'for lines that name none')
    .option('--scope <scopes>', 'for lines that name none; may stand more than once', collect)
    .addHelpText(
      'after',
      '\nEach line is a digest (64 of hex or 43 of base64url, or a line of sha256sum), or a JSON object: {"digest":"…","subject":"…","scopes":["…"],"name":"…"}.\nKeys that are known already are left as they are.',
    )
    .action((file: string | undefined, _, command: Command) =>
      withKeys(command, terminal, async (life, options: Shared & { subject?: string; scope?: readonly string[] }) => {
        const lines = keyLinesOf(file === undefined || file === '-' ? await terminal.input() : await readFile(file, 'utf8'), options);
        const added = await importLines(life(), lines);
        terminal.out(options.json ? JSON.stringify(added, null, 2) : `Imported: ${added.length} of ${lines.length}`);
      }),
    );

  keys
    .command('prune')
    .description('drop what ended long ago')
    .option('--older-than <duration>', 'how long ago (30d)', duration)
    .action((_, command: Command) =>
      withKeys(command, terminal, async (life, options: Shared & { olderThan?: number }) => {
        const { olderThan } = options;
        const pruned = await life().prune(olderThan === undefined ? {} : { olderThanMs: olderThan });
        terminal.out(options.json ? JSON.stringify({ pruned }) : `Pruned: ${pruned}`);
      }),
    );

  return keys;
}

const owned = (command: Command): Command =>
  command.option('--subject <id>', 'of this subject').option('--client <id>', 'of this client').option('--grant <id>', 'of this grant');

/** The life of keys in the store. The prefix matters to what is issued alone. */
type Life = (prefix?: string) => ManagedVerifier;

/** Opens the store, hands the life of its keys to `work`, and closes it, however that ended. */
async function withKeys<O extends Shared>(
  command: Command,
  terminal: Terminal,
  work: (life: Life, options: O) => Promise<void>,
): Promise<void> {
  const options = command.optsWithGlobals<O>();
  const mayCreate = ['create', 'import'].includes(command.name());
  const { store, close } = await openStore(options.store ?? terminal.env.LATCHKEY_STORE, mayCreate);
  try {
    await work((prefix = 'any') => apiKeys({ prefix, store }), options);
  } finally {
    await close();
  }
}

/** What was done, or why it could not be. */
async function orHindrance<T>(done: Promise<T | undefined>, keys: ManagedVerifier, key: NamedKey): Promise<T> {
  const value = await done;
  if (value === undefined) throw await failureReason(keys, key);
  return value;
}

async function revokeOne(keys: ManagedVerifier, key: NamedKey): Promise<number> {
  if (await keys.revoke(key.id)) return 1;
  throw await failureReason(keys, key);
}

/** The id of a key that its owner holds: behind any other nothing would be listed. */
async function heldKey(keys: ManagedVerifier, whose: CredentialOwner, key: NamedKey): Promise<string> {
  const record = await orHindrance(keys.get(key.id), keys, key);
  if (Object.entries(whose).every(([member, id]) => record[member as keyof PublicRecord] === id)) return key.id;
  throw new CommandError(`key ${key.id} is not one of theirs`);
}

/** The prefix of the key that is replaced, as its hint shows it. */
const prefixOf = ({ hint }: PublicRecord): string | undefined => /^([a-z][a-z0-9]*)_[a-z0-9]+_/.exec(hint)?.[1];

const ownersOf = ({ subject, client, grant }: Held): readonly CredentialOwner[] => [
  ...(subject === undefined ? [] : [{ subject }]),
  ...(client === undefined ? [] : [{ clientId: client }]),
  ...(grant === undefined ? [] : [{ grantId: grant }]),
];

function whoseOf(options: Held): CredentialOwner {
  const [owner, ...others] = ownersOf(options);
  if (owner === undefined || others.length > 0) throw new TypeError('give one of --subject, --client and --grant');
  return owner;
}

/** The secret alone on standard output, so that `KEY=$(latchkey keys create …)` holds it; the rest is for the eye. */
function printIssued({ secret, record }: Issued, { json }: Shared, terminal: Terminal): void {
  if (json) return terminal.out(JSON.stringify({ secret, record }, null, 2));
  terminal.err(detailsOf(record));
  terminal.err('\nThe key, shown this once:');
  terminal.out(secret);
}

function printRecord(record: PublicRecord, { json }: Shared, terminal: Terminal): void {
  terminal.out(json ? JSON.stringify(record, null, 2) : detailsOf(record));
}
