import { jwt, latchkey } from 'latchkey';

import {
  type FakeIssuer,
  json,
  JWKS,
  METADATA,
  publicJwk,
  startFakeIssuer,
} from '../support/fake-issuer';
import { Tally } from '../support/requests';
import { listen, MOUNTS } from '../support/servers';
import { AUDIENCE } from '../verifiers/jwt/tokens';

const TIMEOUT_MS = 300;
const COOLDOWN_MS = 5_000;
const TTL_MS = 600_000;
const DAY_MS = 86_400_000;
/** Requests that arrive at once. */
const AT_ONCE = 6;

let server: FakeIssuer;
let elsewhere: FakeIssuer;
let aheadMs = 0;
const realNow = Date.now;

beforeEach(async () => {
  aheadMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => realNow() + aheadMs);
  [server, elsewhere] = await Promise.all([startFakeIssuer(), startFakeIssuer()]);
});
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all([server.close(), elsewhere.close()]);
});

/** Ways in which a server answers what is no answer. */
const FAULTS: Readonly<Record<string, (path: string) => void | Promise<void>>> = {
  'refuses connections': () => server.refuse(),
  'never answers': (path) => void server.answers.set(path, () => undefined),
  'answers too late': (path) => {
    const truth = json({
      keys: server.keys,
      issuer: server.issuer,
      jwks_uri: `${server.issuer}${JWKS}`,
    });
    server.answers.set(path, (res, req) => void setTimeout(() => truth(res, req), 2 * TIMEOUT_MS));
  },
  'never ends its answer': (path) =>
    void server.answers.set(path, (res) => void res.writeHead(200).write('{"keys":[')),
  'breaks off': (path) =>
    void server.answers.set(
      path,
      (res) => void res.writeHead(200, { 'content-length': 99 }).write('{', () => res.destroy()),
    ),
  'answers 500': (path) =>
    void server.answers.set(path, (res) => void res.writeHead(500).end('{"keys":[]}')),
  'answers 503 with keys': (path) =>
    void server.answers.set(
      path,
      (res) => void res.writeHead(503).end(JSON.stringify({ keys: [publicJwk('k1')] })),
    ),
  'answers HTML': (path) =>
    void server.answers.set(
      path,
      (res) =>
        void res.setHeader('content-type', 'text/html').end('<!doctype html><title>Log in</title>'),
    ),
  'answers 5 MB': (path) =>
    void server.answers.set(
      path,
      json({ keys: [], issuer: server.issuer, pad: 'x'.repeat(5_000_000) }),
    ),
  'answers JSON that is no set and no metadata': (path) => void server.answers.set(path, json([])),
  'answers null': (path) => void server.answers.set(path, json(null)),
  'redirects to elsewhere': (path) =>
    void server.answers.set(
      path,
      (res, req) => void res.writeHead(302, { location: `${elsewhere.issuer}${req.url}` }).end(),
    ),
};
const recover = async (path: string) => {
  server.answers.delete(path);
  await server.listen();
};

const printed: string[] = [];
afterAll(() =>
  console.log(
    [
      'Answers while the server of the keys does what it should not, on Express 4 and 5 together',
      ...printed,
    ].join('\n'),
  ),
);

describe.each(Object.keys(FAULTS))('while the server %s', (fault) => {
  describe.each([
    ['of its keys', JWKS],
    ['of its metadata', METADATA],
  ])('in place %s', (place, path) => {
    const tally = new Tally();
    afterAll(
      () => void printed.push(`${fault}, in place ${place}: ${JSON.stringify(tally.counts)}`),
    );

    it.each(['Express 4', 'Express 5'])(
      'known keys are accepted, others get 503, and it is queried once in a cool-down: %s',
      async (express) => {
        // The first look-up of each token is what this is about: no proof is kept.
        const verifier = jwt({
          issuer: server.issuer,
          audience: AUDIENCE,
          remote: { timeoutMs: TIMEOUT_MS },
        });
        const { authenticate, close } = latchkey({ verifiers: [verifier], cache: false });
        const api = await listen(
          MOUNTS[express]!([authenticate()], (_req, res) => void res.end('in')),
        );
        const ask = async (token: string) => {
          const response = await fetch(`http://127.0.0.1:${api.port}/`, {
            headers: { authorization: `Bearer ${token}` },
          });
          await response.text();
          return response.status;
        };
        const many = async (make: (n: number) => string, during?: string) => {
          const statuses = await Promise.all(
            Array.from({ length: AT_ONCE }, (_, n) => ask(make(n))),
          );
          if (during) {
            for (const status of statuses) {
              tally.add(during, status);
            }
          }
          return new Set(statuses);
        };
        const good = () => server.token();
        const unknown = (n: number) => server.token({ kid: `unknown ${n}` });
        try {
          // Before the first key came.
          await FAULTS[fault]!(path);
          expect(await many(good, 'good before the first key')).toEqual(new Set([503]));
          expect(await many(unknown, 'unknown before the first key')).toEqual(new Set([503]));
          expect(server.asked[path] ?? 0).toBeLessThanOrEqual(1);

          // When it is back.
          await recover(path);
          aheadMs += COOLDOWN_MS;
          expect(await many(good)).toEqual(new Set([200]));
          const before = server.asked[path] ?? 0;

          // When keys are known: the metadata too, so that its server is missed by nobody.
          await FAULTS[fault]!(path);
          aheadMs += TTL_MS + COOLDOWN_MS;
          const isMissed = path === JWKS || fault === 'refuses connections';
          expect(await many(good, 'good')).toEqual(new Set([200]));
          expect(await many(unknown, 'unknown')).toEqual(new Set([isMissed ? 503 : 401]));
          expect(await many(good, 'good')).toEqual(new Set([200]));
          expect((server.asked[path] ?? 0) - before).toBe(fault === 'refuses connections' ? 0 : 1);

          // For a day after the time at which they would have been asked for again, and no longer.
          aheadMs += DAY_MS;
          expect(await many(good, 'good a day later')).toEqual(new Set([isMissed ? 503 : 200]));
          await recover(path);
          aheadMs += COOLDOWN_MS;
          expect(await many(good)).toEqual(new Set([200]));
          expect(await many(unknown)).toEqual(new Set([401]));
          expect(elsewhere.connections()).toBe(0);
        } finally {
          await close();
          await api.close();
        }
      },
    );
  });
});
