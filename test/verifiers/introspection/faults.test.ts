import { setTimeout as sleep } from 'node:timers/promises';

import { latchkey } from 'latchkey';
import { introspection } from 'latchkey/introspection';

import { type Proxy, startProxy } from '../../support/proxy';
import { asker, atOnce, Tally } from '../../support/requests';
import { type Handler, listen, MOUNTS } from '../../support/servers';
import { active, AUDIENCE, CLIENT, type Endpoint, startEndpoint } from './endpoint';

// A rejection that nobody handles fails the test that runs: that is Jest's own rule.
const MAJORS = ['Express 4', 'Express 5'];

const GOOD = 'good-token';
const INACTIVE = 'inactive-token';

interface Fault {
  readonly begin: () => unknown;
  readonly end: () => unknown;
  /** How many requests meet it: fewer where each takes its time. */
  readonly requests: number;
  /**
   * What an introspection comes to meanwhile: an error, its answer, or now one and now the other.
   */
  readonly comesTo: 'an error' | 'its answer' | 'either';
}

let endpoint: Endpoint;
let elsewhere: Endpoint;
let proxy: Proxy;
let broken: Handler | undefined;
beforeAll(async () => {
  // Whoever follows a redirect is told that every token is good.
  elsewhere = await startEndpoint();
  endpoint = await startEndpoint((req, res) => {
    if (broken) {
      return broken(req, res);
    }
    const { form } = endpoint.asked.at(-1)!;
    res.setHeader('Content-Type', 'application/json');
    res.end(JSON.stringify(form.token === GOOD ? active({ exp: undefined }) : { active: false }));
  });
  proxy = await startProxy(Number(new URL(endpoint.url).port));
});
afterAll(async () => {
  await proxy.close();
  await endpoint.close();
  await elsewhere.close();
});

const json = { 'Content-Type': 'application/json' };
const answering = (answer: Handler, requests = 200): Fault => ({
  begin: () => (broken = answer),
  end: () => (broken = undefined),
  requests,
  comesTo: 'an error',
});
const network = (
  requests: number,
  begin: () => unknown,
  comesTo: Fault['comesTo'] = 'an error',
): Fault => ({
  begin,
  end: () => proxy.pass(),
  requests,
  comesTo,
});

const FAULTS: Readonly<Record<string, Fault>> = {
  refused: network(200, () => proxy.refuse()),
  'black-holed': network(40, () => proxy.blackHole()),
  'slow, within the deadline': network(200, () => proxy.slow(5), 'its answer'),
  'slow, past the deadline': network(40, () => proxy.slow(1_200)),
  'cut mid-reply': network(200, () => proxy.cutNextReplies(40), 'either'),
  '500': answering((_, res) => void res.writeHead(500, json).end('{"error":"server_error"}')),
  HTML: answering(
    (_, res) =>
      void res.writeHead(200, { 'Content-Type': 'text/html' }).end(JSON.stringify(active())),
  ),
  '5 MB': answering(
    (_, res) => void res.writeHead(200, json).end(JSON.stringify(active({ pad: 'x'.repeat(5e6) }))),
    40,
  ),
  'a redirect to elsewhere': answering(
    (_, res) => void res.writeHead(307, { Location: elsewhere.url }).end(),
  ),
  '401 of our own client': answering(
    (_, res) => void res.writeHead(401, json).end('{"error":"invalid_client"}'),
  ),
};

const printed: string[] = [];
afterAll(() =>
  console.log(
    [
      'Answers by fault of the introspection endpoint, on Express 4 and 5 together',
      ...printed,
    ].join('\n'),
  ),
);

it.each(Object.keys(FAULTS))(
  '%s: no active token gets 401, no inactive one 200, and afterwards all requests work',
  async (name) => {
    const guard = latchkey({
      verifiers: [
        introspection({
          endpoint: `http://127.0.0.1:${proxy.port}/introspect`,
          client: CLIENT,
          audience: AUDIENCE,
          timeoutMs: 500,
        }),
      ],
      cache: false,
      timeoutMs: 1_000,
    });
    const servers = await Promise.all(
      MAJORS.map((major) =>
        listen(MOUNTS[major]!([guard.requireScopes('domains:read')], (_, res) => void res.end())),
      ),
    );
    const { ask, close } = asker((token) => ({ authorization: `Bearer ${token}` }));
    const port = (turn: number) => servers[turn % servers.length]!.port;
    const everywhere = async () => [
      await ask(port(0), GOOD),
      await ask(port(1), GOOD),
      await ask(port(0), INACTIVE),
      await ask(port(1), INACTIVE),
    ];
    const fault = FAULTS[name]!;
    expect(await everywhere()).toEqual([200, 200, 401, 401]);

    const tally = new Tally();
    let asked = 0;
    await fault.begin();
    // What had come from the server by then was read by now.
    await sleep(20);
    await atOnce(
      20,
      () => asked < fault.requests,
      async () => {
        const turn = asked++;
        const [what, token] = turn % 4 < 2 ? ['good', GOOD] : ['inactive', INACTIVE];
        tally.add(what, await ask(port(turn), token));
      },
    );
    await fault.end();
    const deadline = Date.now() + 5_000;
    while ((await ask(port(0), GOOD)) === 503 && Date.now() < deadline) {
      await sleep(5);
    }
    const afterwards = await everywhere();

    printed.push(`${name}: ${JSON.stringify(tally.counts)}`);
    expect(afterwards).toEqual([200, 200, 401, 401]);
    const expected = {
      'an error': ['good 503', 'inactive 503'],
      'its answer': ['good 200', 'inactive 401'],
    };
    if (fault.comesTo === 'either') {
      expect(['good 200', 'good 503', 'inactive 401', 'inactive 503']).toEqual(
        expect.arrayContaining([...tally.seen]),
      );
    } else {
      expect(tally.seen).toEqual(expected[fault.comesTo]);
    }
    expect(elsewhere.asked).toEqual([]);
    close();
    await guard.close();
    for (const server of servers) {
      await server.close();
    }
  },
  60_000,
);

it('goes on with what was proven before for as long as staleIfErrorMs says, and not with what was not', async () => {
  const guard = latchkey({
    verifiers: [
      introspection({
        endpoint: `http://127.0.0.1:${proxy.port}/introspect`,
        client: CLIENT,
        audience: AUDIENCE,
      }),
    ],
    cache: { ttlMs: 1, staleIfErrorMs: 60_000 },
  });
  const statusOf = async (token: string) => {
    const decision = await guard.check(
      { headers: { authorization: `Bearer ${token}` } },
      { scopes: [] },
    );
    return decision.status === 'refused' ? decision.refusal.status : 200;
  };
  expect(await statusOf(GOOD)).toBe(200);
  await sleep(5);
  await proxy.refuse();
  expect([await statusOf(GOOD), await statusOf('never-seen'), await statusOf(INACTIVE)]).toEqual([
    200, 503, 503,
  ]);
  await proxy.pass();
  expect([await statusOf(GOOD), await statusOf(INACTIVE)]).toEqual([200, 401]);
  await guard.close();
});
