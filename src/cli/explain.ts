import { subscribe, unsubscribe } from 'node:diagnostics_channel';

import { Command } from 'commander';

import type { Decision } from '../authentication/decisions';
import { type ExplainOptions, openGuards } from './explain-guards';
import { type Explanation, printExplanation } from './explain-report';
import { collect } from './option-parsers';
import { requestFrom } from './parse-request';
import { type Terminal, usageError } from './terminal';

const HELP = `
Pass a curl command in quotes or on standard input. Header lines, or a key alone, work too. The request is checked by the guards that
--config exports (the result of latchkey(), or its check function), or by the keys in --store with --prefix. Nothing is sent over the
network, and no secret is printed.

Examples:
  $ latchkey explain --config ./auth.mjs --scope domains:write 'curl https://api.example.com/v1/domains -H "X-API-Key: …"'
  $ latchkey explain --store sqlite:./keys.db --prefix acme < curl.txt`;

/** `latchkey explain`: shows how a guard responds to a request, and why. */
export const explainCommand = (terminal: Terminal): Command =>
  new Command('explain')
    .description('show how a guard responds to a curl command or a key, and why')
    .argument('[words...]', 'a curl command, or a key')
    .option('--config <module>', 'a module that exports what latchkey() returned')
    .option(
      '--prefix <word>',
      'prefix of the keys in --store (or LATCHKEY_PREFIX)',
      terminal.env.LATCHKEY_PREFIX,
    )
    .option('--scope <scopes>', 'scopes that the route requires; may be repeated', collect)
    .addHelpText('after', HELP)
    .action((words: readonly string[], _, command: Command) => explain(words, command, terminal));

async function explain(
  words: readonly string[],
  command: Command,
  terminal: Terminal,
): Promise<void> {
  const options = command.optsWithGlobals<ExplainOptions>();
  const pasted = (words.length === 0 ? await terminal.input() : words.join(' ')).trim();
  if (pasted === '') {
    throw usageError('nothing to explain: pass a curl command or a key');
  }
  const request = requestFrom(pasted);
  const guards = await openGuards(options, terminal);
  try {
    const check = () => guards.check(request, { scopes: options.scope ?? [] });
    printExplanation({ request, ...(await withDetail(check)) }, { options, terminal });
  } finally {
    await guards.close();
  }
}

/**
 * Returns the result of a check with the `detail` of its decision, which is for the operator and
 * only published.
 */
async function withDetail(
  check: () => Promise<Explanation['result']>,
): Promise<Omit<Explanation, 'request'>> {
  let detail: string | undefined;
  const onDecision = (decision: unknown) => {
    detail = (decision as Decision).detail;
  };
  subscribe('latchkey:decision', onDecision);
  try {
    const result = await check();
    return { result, detail };
  } finally {
    unsubscribe('latchkey:decision', onDecision);
  }
}
