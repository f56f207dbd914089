import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { assertBuilt, readText, ROOT, temporaryFolder } from './support/package';
import { ask, freePort, headerValues, ready, start } from './support/programs';

jest.setTimeout(60_000);

// The one of two processes needs a store, prints no requests to try, and ends by itself: `two-processes.test.ts` runs it.
const EXAMPLES = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.ts') && file !== 'two-processes.ts');

interface Trial {
  /** The comment over a curl line, for example `a missing scope: 403`. */
  readonly shows: string;
  readonly status: number;
  readonly curl: string;
}

/** Starts an example, runs every line that it prints, and holds the answers against what it says and against the contract. */
async function tryOut(folder: string, command: readonly [string, ...string[]], source: string): Promise<void> {
  const port = await freePort();
  const program = start(folder, command, { PORT: String(port) });
  try {
    await ready(program, port);
    // Once it answers, it has printed its lines; a turn later they are here.
    await fetch(`http://127.0.0.1:${port}/`);
    await setImmediate();
    const trials = trialsIn(program.printed());
    expect(trials).toHaveLength(source.match(/^ {2}\[.+: \d{3}['"],/gm)?.length ?? 0);
    const realm = /realm: '(\w+)'/.exec(source)?.[1] ?? 'api';
    for (const trial of trials) expect(await outcomeOf(trial)).toEqual(expectedOf(trial, realm));
  } finally {
    await program.stop();
  }
}

const trialsIn = (output: string): Trial[] =>
  [...output.matchAll(/^# (.+: (\d{3}))\n(curl .+)$/gm)].map(([, shows = '', status, curl = '']) => ({
    shows,
    status: Number(status),
    curl,
  }));

async function outcomeOf({ shows, curl }: Trial) {
  const answer = await ask(curl);
  const refused = answer.status >= 400;
  return {
    shows,
    status: answer.status,
    challenges: headerValues(answer, 'WWW-Authenticate'),
    cache: headerValues(answer, 'Cache-Control'),
    body: refused || answer.body === '' ? answer.body : typeof JSON.parse(answer.body),
    ...(refused && { type: headerValues(answer, 'Content-Type'), length: headerValues(answer, 'Content-Length') }),
  };
}

function expectedOf({ shows, status, curl }: Trial, realm: string): Awaited<ReturnType<typeof outcomeOf>> {
  const asBearer = curl.includes('Authorization: ');
  const refusal = REFUSALS[status];
  if (!refusal) {
    const upgraded = status === 101;
    return { shows, status, challenges: [], cache: asBearer || upgraded ? [] : ['private'], body: upgraded ? '' : 'object' };
  }
  const parameters = asBearer ? refusal.asBearer : refusal.otherwise;
  return {
    shows,
    status,
    challenges: parameters === undefined ? [] : [expect.stringMatching(new RegExp(`^Bearer realm="${realm}"${parameters}$`)) as string],
    cache: ['no-store'],
    body: refusal.body,
    type: ['application/json; charset=utf-8'],
    length: [String(refusal.body.length)],
  };
}

const SCOPE = ', scope="[a-z: ]+"';
const INVALID_REQUEST = ', error="invalid_request", error_description="Multiple credentials in one request"';

/** Body and challenge of each refusal, by whether a bearer credential was sent. */
const REFUSALS: Readonly<Record<number, { readonly body: string; readonly asBearer: string; readonly otherwise?: string }>> = {
  400: {
    body: '{"error":"bad_request","message":"Multiple credentials in one request"}',
    asBearer: INVALID_REQUEST,
    otherwise: INVALID_REQUEST,
  },
  401: {
    body: '{"error":"unauthorized","message":"Invalid or missing API key"}',
    asBearer: `, error="invalid_token", error_description="The access token is invalid or expired"(${SCOPE})?`,
    otherwise: `(${SCOPE})?`,
  },
  403: {
    body: '{"error":"forbidden","message":"Insufficient permissions for this action"}',
    asBearer: `, error="insufficient_scope", error_description="The request requires higher privileges"${SCOPE}`,
  },
};

describe('an example does what it prints, on the built package', () => {
  beforeAll(assertBuilt);

  test.each(EXAMPLES)('%s', async (file) => {
    const command = ['npx', '--no-install', 'tsx', '--tsconfig', 'examples/support/tsconfig.dist.json', `examples/${file}`] as const;
    await tryOut(ROOT, command, readText(`examples/${file}`));
  });
});

describe('npm run demo', () => {
  // It builds first, which would take `dist` from under the other tests: so it runs in a copy.
  const copy = temporaryFolder();
  afterAll(copy.remove);

  it('does what it prints, in a fresh clone', async () => {
    for (const name of ['package.json', 'tsconfig.json', 'tsup.config.ts', 'src', 'examples']) {
      cpSync(join(ROOT, name), join(copy.path, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(copy.path, 'node_modules'));
    await tryOut(copy.path, ['npm', 'run', 'demo'], readText('examples/domain-api.ts'));
  });
});
