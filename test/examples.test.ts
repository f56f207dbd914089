import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { assertBuilt } from './support/built';
import { commandOf, startExample } from './support/examples';
import { readText, ROOT, temporaryFolder } from './support/package';
import { type Answer, answerIn, freePort, headerValues, run, start } from './support/programs';

// @requires curl

jest.setTimeout(60_000);

// These print no walk-through, and have tests of their own.
const TOLD_ELSEWHERE = ['two-processes', 'mcp', 'mcp-client', 'mcp-alone'];
const EXAMPLES = readdirSync(join(ROOT, 'examples'))
  .flatMap((file) => (file.endsWith('.ts') ? [file.slice(0, -3)] : []))
  .filter((name) => !TOLD_ELSEWHERE.includes(name));

interface Step {
  /** The comment over the lines, for example `a missing scope: 403`. */
  readonly shows: string;
  /** What it says that will be answered, if there is one answer. */
  readonly status: number | undefined;
  /** Lines for a shell. */
  readonly lines: string;
}

/**
 * Starts an example, walks through all that it prints, and holds the answers against what it says
 * and against the contract.
 */
async function tryOut(
  folder: string,
  command: readonly [string, ...string[]],
  source: string,
): Promise<void> {
  const example = await startExample(command, folder);
  try {
    const steps = stepsIn(example.printed);
    const told = steps.filter(({ status }) => status !== undefined);
    expect(told).toHaveLength(source.match(/: \d{3}['"],/g)?.length ?? 0);
    const realm = /realm: '(\w+)'/.exec(source)?.[1] ?? 'api';
    const schemes = source.includes('dpop(') ? ['Bearer', 'DPoP'] : ['Bearer'];
    for (const [index, answer] of (await answersTo(steps)).entries()) {
      const step = steps[index] as Step;
      if (step.status !== undefined) {
        expect(outcomeOf(step, answer)).toEqual(expectedOf(step, realm, schemes));
      }
    }
  } finally {
    await example.stop();
  }
}

const stepsIn = (printed: string): Step[] =>
  [...printed.matchAll(/^# (.+?(?:: (\d{3}))?)\n((?:.+\n)+)$/gm)].map(
    ([, shows = '', status, lines = '']) => ({
      shows,
      status: status === undefined ? undefined : Number(status),
      lines,
    }),
  );

/** One shell for all steps, since some leave a variable to those that follow. */
async function answersTo(steps: readonly Step[]): Promise<(Answer | undefined)[]> {
  const end = '--- the end of a step ---';
  const printed = await run(ROOT, [
    'sh',
    '-c',
    `${steps.map(({ lines }) => `${lines}echo '${end}'`).join('\n')}`,
  ]);
  return printed.split(`${end}\n`).slice(0, -1).map(answerIn);
}

function outcomeOf({ shows, lines }: Step, answer: Answer | undefined) {
  if (!answer) {
    return { shows, status: undefined };
  }
  const { status, body } = answer;
  const refused = status >= 400;
  if (isNotOurs(lines)) {
    return { shows, status };
  }
  return {
    shows,
    status,
    challenges: headerValues(answer, 'WWW-Authenticate'),
    cache: headerValues(answer, 'Cache-Control'),
    body: refused || body === '' ? body : typeof JSON.parse(body),
    ...(refused && {
      type: headerValues(answer, 'Content-Type'),
      length: headerValues(answer, 'Content-Length'),
    }),
  };
}

/** What the authorization server, the management API and the example itself answer. */
const isNotOurs = (lines: string): boolean =>
  /\/oauth2?\/|\/auth\/|\/sessions |\/(account|portal)\//.test(lines);

function expectedOf(
  step: Step,
  realm: string,
  schemes: readonly string[],
): ReturnType<typeof outcomeOf> {
  const { shows, status = 0, lines } = step;
  if (isNotOurs(lines)) {
    return { shows, status };
  }
  const refusal = REFUSALS[status];
  if (!refusal) {
    const empty = status === 101 || status === 204;
    const elsewhere = /-H "(X-[\w-]+|Cookie): |[?&]api_key=/.test(lines);
    return {
      shows,
      status,
      challenges: [],
      cache: elsewhere && !empty ? ['private'] : [],
      body: empty ? '' : 'object',
    };
  }
  return {
    shows,
    status,
    challenges: challengesOf(step, realm, schemes).map(
      (pattern) => expect.stringMatching(new RegExp(`^${pattern}$`)) as string,
    ),
    cache: ['no-store'],
    body: refusal.body,
    type: ['application/json; charset=utf-8'],
    length: [String(refusal.body.length)],
  };
}

/** The challenges of a refusal, as patterns: Bearer's, and where it is configured DPoP's. */
function challengesOf(
  { status = 0, lines }: Step,
  realm: string,
  schemes: readonly string[],
): readonly string[] {
  const { asBearer, otherwise } = REFUSALS[status] as (typeof REFUSALS)[number];
  if (lines.includes('Authorization: DPoP ')) {
    return [
      status === 403
        ? `DPoP realm="${realm}"${asBearer}, ${ALGS}`
        : `DPoP error="invalid_(dpop_proof|token)"(${SCOPE})?, ${ALGS}`,
    ];
  }
  const parameters = lines.includes('Authorization: Bearer ') ? asBearer : otherwise;
  if (parameters === undefined) {
    return [];
  }
  const bearer = `Bearer realm="${realm}"${parameters}`;
  return status === 401 && schemes.includes('DPoP')
    ? [bearer, `DPoP (scope="[a-z: ]+", )?${ALGS}`]
    : [bearer];
}

const ALGS = 'algs="[A-Za-z0-9 ]+"';
const SCOPE = ', scope="[a-z: ]+"';
const INVALID_REQUEST =
  ', error="invalid_request", error_description="Multiple credentials in one request"';

/** Body and challenge of each refusal, by whether a bearer credential was sent. */
const REFUSALS: Readonly<
  Record<number, { readonly body: string; readonly asBearer: string; readonly otherwise?: string }>
> = {
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

  test.each(EXAMPLES)('%s', async (name) => {
    await tryOut(ROOT, commandOf(name), readText(`examples/${name}.ts`));
  });

  it('opens a WebSocket for the page with the session, in the example websocket', async () => {
    const program = start(ROOT, commandOf('websocket'), { PORT: String(await freePort()) });
    while (program.running() && !program.printed().includes('the page receives: Welcome, user_5')) {
      await setTimeout(20);
    }
    expect(program.running()).toBe(true);
    await program.stop();
  });

  it('lists the examples if the requested one does not exist', async () => {
    await expect(run(ROOT, commandOf('nothing'))).rejects.toThrow(/NAME is one of .*osir/);
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
    await tryOut(copy.path, ['npm', 'run', 'demo'], readText('examples/osir.ts'));
  });
});
