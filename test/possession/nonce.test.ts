import type { RequestListener } from 'node:http';

import { accessTokens, bearer, dpop, type DpopOptions, latchkey, memoryStore } from 'latchkey';

import { serverNonces } from '../../src/possession/nonce';
import { valuesOf } from '../http/ask';
import { clientKey, proofOf } from '../support/dpop';
import { listen, MOUNTS, rawRequest, sendRaw } from '../support/servers';

const NOW = Date.UTC(2030, 0, 1);
const SECRET = 'a secret of this server, long enough';
const ROTATE_MS = 60_000;
beforeEach(
  () =>
    void jest.useFakeTimers({
      now: NOW,
      doNotFake: [
        'nextTick',
        'queueMicrotask',
        'setImmediate',
        'performance',
        'setTimeout',
        'clearTimeout',
      ],
    }),
);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(closing.splice(0).map((close) => close()));
});

describe('a nonce', () => {
  const nonces = serverNonces(SECRET, ROTATE_MS);

  test.each<[string, number, boolean, boolean]>([
    ['at once', 0, true, false],
    ['before the next', ROTATE_MS - 1, true, false],
    ['beside the next, which is told', ROTATE_MS, true, true],
    ['to the end of the next', 2 * ROTATE_MS - 1, true, true],
    ['no longer', 2 * ROTATE_MS, false, false],
    ['on a machine whose clock is behind', -1, true, false],
    ['on a machine whose clock is too far behind', -ROTATE_MS - 1, false, false],
  ])('is valid %s', (_when, later, good, isTold) => {
    const nonce = nonces.current();
    jest.setSystemTime(NOW + later);
    const judged = serverNonces(Buffer.from(SECRET), ROTATE_MS).verify(nonce);
    expect(judged !== undefined).toBe(good);
    expect(judged?.next).toBe(isTold ? nonces.current() : undefined);
  });

  test.each<[string, unknown]>([
    ['none', undefined],
    ['empty', ''],
    ['a number', 1],
    ['a list', [serverNonces(SECRET, ROTATE_MS).current()]],
    ['cut short', serverNonces(SECRET, ROTATE_MS).current().slice(1)],
    ['of another secret', serverNonces(`${SECRET}!`, ROTATE_MS).current()],
    ['in other case', serverNonces(SECRET, ROTATE_MS).current().toLowerCase()],
  ])('is invalid if it is %s', (_what, nonce) => {
    expect(nonces.verify(nonce)).toBeUndefined();
  });

  it('does not reveal the secret, and has only characters that a header allows (RFC 9449 §8.1)', () => {
    expect(nonces.current()).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});

describe.each(Object.entries(MOUNTS))('nonces on %s', (_name, mount) => {
  const key = clientKey();
  const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
  afterAll(() => tokens.close?.());
  const ALGS = 'algs="ES256 EdDSA Ed25519 PS256 RS256"';
  const WANTED = `DPoP error="use_dpop_nonce", ${ALGS}`;
  const nonce = { secret: SECRET, rotateMs: ROTATE_MS };
  const current = () => serverNonces(SECRET, ROTATE_MS).current();

  /** A guard, and a client that asks it with a proof of its own each time. */
  async function served(
    options: DpopOptions = { nonce },
    before?: (res: Parameters<RequestListener>[1]) => void,
  ) {
    const { authenticate } = latchkey({
      extractors: [bearer(), dpop(options)],
      verifiers: [tokens],
    });
    const app = mount([authenticate()], (_req, res) => res.end('passed'));
    const { port, close } = await listen((req, res) => {
      before?.(res);
      app(req, res);
    });
    closing.push(close);
    const { secret: token } = await tokens.issue({
      subject: 'user_7',
      scopes: [],
      confirmation: { jkt: key.jkt },
    });
    const ask = async (claims: object, more: object = {}) => {
      const answer = await sendRaw(
        port,
        rawRequest(
          'GET /',
          `Authorization: DPoP ${token}`,
          `DPoP: ${proofOf({ key, token, claims, ...more })}`,
        ),
      );
      return {
        status: answer.status,
        challenges: valuesOf(answer, 'WWW-Authenticate'),
        nonces: valuesOf(answer, 'DPoP-Nonce'),
        cache: valuesOf(answer, 'Cache-Control'),
      };
    };
    return { ask };
  }
  const PASSED = { status: 200, challenges: [], nonces: [], cache: [] };

  it('are required from a proof without one, and read from a proof with one', async () => {
    const { ask } = await served();
    const first = await ask({});
    expect(first).toEqual({
      status: 401,
      challenges: [WANTED],
      nonces: [current()],
      cache: ['no-store'],
    });
    expect(await ask({ nonce: first.nonces[0] })).toEqual(PASSED);
  });

  it('are sent before they expire, in a response that is not cached', async () => {
    const { ask } = await served();
    const old = current();
    jest.setSystemTime(NOW + ROTATE_MS);
    expect(await ask({ nonce: old })).toEqual({
      ...PASSED,
      nonces: [current()],
      cache: ['no-store'],
    });
    expect(await ask({ nonce: current() })).toEqual(PASSED);
    jest.setSystemTime(NOW + 2 * ROTATE_MS);
    expect(await ask({ nonce: old })).toMatchObject({
      status: 401,
      challenges: [WANTED],
      nonces: [current()],
    });
  });

  it('leave the Cache-Control that was set before', async () => {
    const { ask } = await served(
      { nonce },
      (res) => void res.setHeader('Cache-Control', 'private, max-age=5'),
    );
    const old = current();
    jest.setSystemTime(NOW + ROTATE_MS);
    expect(await ask({ nonce: old })).toEqual({
      ...PASSED,
      nonces: [current()],
      cache: ['private, max-age=5'],
    });
  });

  it('are not sent for a proof that is otherwise invalid', async () => {
    const { ask } = await served();
    expect(await ask({ htm: 'POST' })).toEqual({
      status: 401,
      challenges: [`DPoP error="invalid_dpop_proof", ${ALGS}`],
      nonces: [],
      cache: ['no-store'],
    });
    expect(await ask({}, { signer: clientKey().privateKey })).toMatchObject({
      status: 401,
      nonces: [],
    });
  });

  it('do not use up a proof that lacks one', async () => {
    const { ask } = await served();
    expect(await ask({ jti: 'again' })).toMatchObject({ status: 401, challenges: [WANTED] });
    expect(await ask({ jti: 'again', nonce: current() })).toEqual(PASSED);
    expect(await ask({ jti: 'again', nonce: current() })).toMatchObject({ status: 401 });
  });

  it('agree between machines of one secret, and not between others', async () => {
    const [one, two, stranger] = await Promise.all([
      served(),
      served(),
      served({ nonce: { secret: `${SECRET}!` } }),
    ]);
    const told = (await one.ask({})).nonces[0];
    expect(await two.ask({ nonce: told })).toEqual(PASSED);
    expect(await stranger.ask({ nonce: told })).toMatchObject({
      status: 401,
      challenges: [WANTED],
    });
  });

  it('do not stand for the time: a proof is as old as its iat says', async () => {
    const { ask } = await served();
    expect(await ask({ nonce: current(), iat: NOW / 1_000 - 61 })).toMatchObject({
      status: 401,
      nonces: [],
    });
  });
});
