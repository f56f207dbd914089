import { jwt, latchkey } from 'latchkey';

import {
  type AuthorizationServer,
  signingKey,
  startAuthorizationServer,
} from '../../support/authorization-server';
import { Tally } from '../../support/requests';
import { AUDIENCE } from './tokens';

// The server is started three times, which takes its time on a busy machine.
jest.setTimeout(30_000);

const COOLDOWN_MS = 300;
const [first, second, third] = [signingKey('ES256'), signingKey('ES256'), signingKey('ES256')];
let server: AuthorizationServer;

beforeAll(async () => {
  server = await startAuthorizationServer({ keys: [first] });
});
afterAll(() => server.close());

/**
 * A guard by two lines, which proves each request anew. The cool-down is short, so that the test
 * need not wait for it.
 */
function guarding(ttlMs = 600_000) {
  const { check, close } = latchkey({
    verifiers: [
      jwt({
        issuer: server.issuer,
        audience: AUDIENCE,
        profile: 'rfc9068',
        remote: { cooldownMs: COOLDOWN_MS, ttlMs },
      }),
    ],
    cache: false,
  });
  const statusOf = async (token: string) => {
    const decision = await check(
      { headers: { authorization: `Bearer ${token}` } },
      { scopes: ['read'] },
    );
    return decision.status === 'refused' ? decision.refusal.status : 200;
  };
  return { statusOf, close };
}
const tokenNow = () => server.token(AUDIENCE, { scope: 'read' });
const cooledDown = () => new Promise((resolve) => setTimeout(resolve, COOLDOWN_MS));

test('accepts a token of oidc-provider with two options', async () => {
  const { check } = latchkey({ verifiers: [jwt({ issuer: server.issuer, audience: AUDIENCE })] });
  expect(
    await check({ headers: { authorization: `Bearer ${await tokenNow()}` } }, { scopes: ['read'] }),
  ).toMatchObject({
    status: 'authenticated',
    principal: { subject: 'app', clientId: 'app', issuer: server.issuer, scopes: ['read'] },
  });
});

test('rejects a token for another API', async () => {
  const { statusOf } = guarding();
  expect(await statusOf(await server.token('https://sibling.example.com', { scope: 'read' }))).toBe(
    401,
  );
});

test('accepts valid tokens while keys rotate and the server restarts', async () => {
  const { statusOf, close } = guarding(500);
  const tally = new Tally();
  let tokens = [await tokenNow()];
  let isOver = false;
  const traffic = (async () => {
    for (let n = 0; !isOver; n++) {
      tally.add(await statusOf(tokens[n % tokens.length] as string));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();

  await cooledDown();
  await server.useKeys([second, first]);
  await cooledDown();
  tokens = [...tokens, await tokenNow()];
  await cooledDown();
  await server.kill();
  await cooledDown();
  await cooledDown();
  await server.restart();
  await server.useKeys([third, second, first]);
  await cooledDown();
  tokens = [...tokens, await tokenNow()];
  await cooledDown();
  server.stop();
  await cooledDown();
  await cooledDown();
  server.resume();
  await cooledDown();
  isOver = true;
  await traffic;

  expect(tally.seen).toEqual(['200']);
  await close();
});

test('responds with 503 only for keys that cannot be fetched', async () => {
  const { statusOf, close } = guarding(500);
  await server.useKeys([second]);
  const known = await tokenNow();
  expect(await statusOf(known)).toBe(200);
  await server.useKeys([first, second]);
  const unknown = await tokenNow();
  await cooledDown();
  await server.kill();
  expect([await statusOf(unknown), await statusOf(known)]).toEqual([503, 200]);
  await server.restart();
  await cooledDown();
  expect([await statusOf(unknown), await statusOf(known)]).toEqual([200, 200]);
  await server.useKeys([second]);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([await statusOf(unknown), await statusOf(known)]).toEqual([401, 200]);
  await close();
});
