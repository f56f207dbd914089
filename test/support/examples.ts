import { setImmediate } from 'node:timers/promises';

import { Browser } from './browser';
import { agree, type Answer, answerOf, logIn } from './issuing';
import { ROOT } from './package';
import { freePort, ready, start } from './programs';

/** Starts an example on the built package, as `npm run example` does after it has built. */
export const commandOf = (name: string): [string, ...string[]] => [
  ...([
    'npx',
    '--no-install',
    'tsx',
    '--tsconfig',
    'examples/support/tsconfig.dist.json',
    'examples/support/run.ts',
  ] as const),
  name,
];

export const bearing = (token: string) => ({ Authorization: `Bearer ${token}` });

export interface Example {
  /** What it printed when it started. */
  readonly printed: string;
  /** What it has written until now, to both outputs. */
  readonly output: () => string;
  /** What it printed as `name: …`. */
  readonly fact: (name: string) => string;
  readonly ask: (path: string, init?: RequestInit) => Promise<Answer>;
  /** Posts a form. */
  readonly post: (path: string, parameters: Readonly<Record<string, string>>) => Promise<Answer>;
  /**
   * Goes to the path of an authorization request as a user who agrees: where the client has its
   * user back.
   */
  readonly authorize: (path: string) => Promise<URL>;
  readonly stop: () => Promise<void>;
}

/** Starts an example; of it a test knows what a reader knows, its output. */
export async function startExample(
  command: readonly [string, ...string[]],
  folder = ROOT,
): Promise<Example> {
  const port = await freePort();
  const program = start(folder, command, { PORT: String(port) });
  await ready(program, port);
  // Once it answers, it has printed its lines; a turn later they are here.
  await fetch(`http://127.0.0.1:${port}/`);
  await setImmediate();
  const printed = program.printed();
  const fact = (name: string): string => {
    const found = new RegExp(`^${name}: (.+)$`, 'm').exec(printed)?.[1];
    if (found === undefined) {
      throw new Error(`There is no ${name} in:\n${printed}`);
    }
    return found;
  };
  const ask: Example['ask'] = async (path, init) =>
    answerOf(await fetch(`${fact('url')}${path}`, init));
  return {
    printed,
    output: program.output,
    fact,
    ask,
    post: (path, parameters) =>
      ask(path, { method: 'POST', body: new URLSearchParams(parameters) }),
    async authorize(path) {
      const page = await new Browser().open(`${fact('url')}${path}`);
      return page.text === '' ? page.url : (await agree(await logIn(page))).url;
    },
    stop: program.stop,
  };
}
