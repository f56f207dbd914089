import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { Command } from 'commander';

import type { Decision } from '../authentication/decisions';
import type { Reason } from '../credential/reason';
import type { RequestLike } from '../extractors/extractor';
import type { AuthenticationResult } from '../http/decision';
import { type Latchkey, latchkey } from '../latchkey';
import { apiKeys } from '../verifiers/api-keys';
import { openStore } from './open-store';
import { collect } from './option-parsers';
import { requestFrom } from './parse-request';
import { visible } from './print';
import { guideOf } from './reasons';
import { type StoreOptions, storeTarget } from './store-options';
import { CommandError, type Terminal, usageError } from './terminal';

interface Options extends StoreOptions {
  readonly config?: string;
  readonly prefix?: string;
  readonly scope?: readonly string[];
  readonly json?: boolean;
}

const HELP = `
Give the curl line in quotes or on standard input; or header lines, or a key alone. It is asked of the guards that --config exports (the result of
latchkey(), or its check function), or of the keys in --store with --prefix. Nothing is sent anywhere, and no secret is printed.

Examples:
  $ latchkey explain --config ./auth.mjs --scope domains:write 'curl https://api.example.com/v1/domains -H "X-API-Key: …"'
  $ latchkey explain --store sqlite:./keys.db --prefix osir < curl.txt`;

/**
 * `latchkey explain`: what the guards make of a request, and why, for whoever has to answer a
 * client's question.
 */
export function explainCommand(terminal: Terminal): Command {
  return new Command('explain')
    .description('tell what a guard answers to a curl line or a key, and why')
    .argument('[words...]', 'the curl line, or a key')
    .option('--config <module>', 'a module that exports what latchkey() returned')
    .option(
      '--prefix <word>',
      'prefix of the keys in --store (or LATCHKEY_PREFIX)',
      terminal.env.LATCHKEY_PREFIX,
    )
    .option('--scope <scopes>', 'scopes that the route asks for; may stand more than once', collect)
    .addHelpText('after', HELP)
    .action(async (words: readonly string[], _, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const asked = (words.length === 0 ? await terminal.input() : words.join(' ')).trim();
      if (asked === '') {
        throw usageError('nothing to explain: give a curl line or a key');
      }
      const request = requestFrom(asked);
      const { check, close } = await guardsOf(options, terminal);
      try {
        const { result, detail } = await withDetail(() =>
          check(request, { scopes: options.scope ?? [] }),
        );
        print({ request, result, detail }, options, terminal);
      } finally {
        await close();
      }
    });
}

interface Explained {
  readonly request: RequestLike;
  readonly result: AuthenticationResult;
  readonly detail: string | undefined;
}

/**
 * The detail of a rejection is for the operator: it is published with the decision and not part of
 * the result.
 */
async function withDetail(
  check: () => Promise<AuthenticationResult>,
): Promise<Omit<Explained, 'request'>> {
  let detail: string | undefined;
  const onDecision = (decision: unknown) => {
    detail = (decision as Decision).detail;
  };
  subscribe('latchkey:decision', onDecision);
  try {
    return { result: await check(), detail };
  } finally {
    unsubscribe('latchkey:decision', onDecision);
  }
}

type Guards = Pick<Latchkey, 'check' | 'close'>;

async function guardsOf(
  { config, prefix, ...options }: Options,
  { env }: Terminal,
): Promise<Guards> {
  if (config !== undefined) {
    return guardsFrom(config);
  }
  if ((options.store ?? env.LATCHKEY_STORE) === undefined || prefix === undefined) {
    throw usageError(
      'nothing to check the request against: pass --config, or --store and --prefix (or LATCHKEY_STORE and LATCHKEY_PREFIX)',
    );
  }
  const opened = await openStore(storeTarget(options, env));
  // To explain a key is not to use it: what can only find counts nothing.
  const reader = { find: (digest: string) => opened.store.find(digest) };
  const guards = latchkey({ verifiers: [apiKeys({ prefix, store: reader })], timeoutMs: 5_000 });
  return {
    check: guards.check,
    async close() {
      await guards.close();
      await opened.close();
    },
  };
}

async function guardsFrom(path: string): Promise<Guards> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (cause) {
    throw new CommandError(`${path} could not be loaded: ${(cause as Error).message}`, { cause });
  }
  const isGuards = (value: unknown): value is Guards =>
    typeof (value as Guards | null | undefined)?.check === 'function';
  const guards = [exported, ...Object.values(exported)].find(isGuards);
  if (!guards) {
    throw new CommandError(
      `${path} exports no check function: write there "export const { check, requireScopes } = latchkey({ … })"`,
    );
  }
  return { check: guards.check, close: async () => guards.close?.() };
}

/** The row of the HTTP contract that an answer is of. */
function rowOf(reason: Reason, challenge: string): number {
  const rows: Partial<Record<Reason, number>> = {
    ...{
      missing: 1,
      multiple: 4,
      insufficient_scope: 5,
      denied: 6,
      step_up: 7,
      bad_proof: 8,
      replayed: 8,
      unavailable: 9,
    },
  };
  return rows[reason] ?? (challenge.includes('error="invalid_token"') ? 2 : 3);
}

function print(
  { request, result: decision, detail }: Explained,
  { json }: Options,
  terminal: Terminal,
): void {
  if (decision.status !== 'refused') {
    const { subject, scopes, credentialId } =
      decision.status === 'authenticated' ? decision.principal : { scopes: [] };
    if (json) {
      return terminal.out(
        JSON.stringify({ status: decision.status, subject, scopes, credentialId }, null, 2),
      );
    }
    if (subject === undefined) {
      return terminal.out('It passes as anonymous: no credential was asked for.');
    }
    return terminal.out(
      visible(
        `It passes: ${subject}, with ${scopes.join(' ') || 'no scopes'} (${credentialId ?? 'no id'})`,
      ),
    );
  }
  const { reason, refusal } = decision;
  const challenge = [refusal.headers['WWW-Authenticate'] ?? []].flat().join(', ');
  const row = rowOf(reason, challenge);
  const { happened, section, mend } = guideOf(reason, request);
  if (json) {
    const { status, body } = refusal;
    return terminal.out(
      JSON.stringify(
        {
          status: 'refused',
          answer: status,
          row,
          reason,
          detail,
          happened,
          section,
          mend,
          challenge,
          body,
        },
        null,
        2,
      ),
    );
  }
  terminal.out(`${refusal.status}, row ${row} of the contract: ${refusal.body}`);
  if (challenge !== '') {
    terminal.out(`WWW-Authenticate: ${challenge}`);
  }
  terminal.out(
    `\nReason: ${reason} (${section})${detail === undefined ? '' : `\nDetail: ${visible(detail)}`}\n${happened}\n${mend}`,
  );
}
