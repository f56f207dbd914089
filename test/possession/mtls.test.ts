import { X509Certificate } from 'node:crypto';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { Agent, createServer, request as httpsRequest, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureVersion } from 'node:tls';

import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  dpop,
  latchkey,
  type LatchkeyOptions,
  memoryStore,
} from 'latchkey';

import { ask, get, valuesOf } from '../http/ask';
import { type Certified, selfSigned } from '../support/certificates';
import { clientKey, proofOf } from '../support/dpop';
import { MOUNTS } from '../support/servers';

const [server, mine, other] = ['localhost', 'client', 'other client'].map(selfSigned) as [
  Certified,
  Certified,
  Certified,
];
const store = memoryStore();
const tokens = accessTokens({ prefix: 'osirat', store });
const keys = apiKeys({ prefix: 'osir', store });
afterAll(() => Promise.all([tokens.close?.(), keys.close?.()]));
const closing: (() => unknown)[] = [];
afterEach(() => closing.splice(0).forEach((close) => close()));
const issue = async (
  confirmation: Record<string, unknown> | null = { 'x5t#S256': mine['x5t#S256'] },
) => (await tokens.issue({ subject: 'user_7', scopes: [], confirmation })).secret;
const guard = (options: Partial<LatchkeyOptions> = { clientCertificate: 'socket' }) =>
  latchkey({ verifiers: [tokens, keys], ...options });

const BAD_TOKEN =
  'Bearer realm="api", error="invalid_token", error_description="The access token is invalid or expired"';
const UNAUTHORIZED = '{"error":"unauthorized","message":"Invalid or missing API key"}';
const PASSED = { status: 200, challenge: undefined, body: 'passed' };
const REFUSED = { status: 401, challenge: BAD_TOKEN, body: UNAUTHORIZED };

it('is tried with certificates that Node itself reads', () => {
  const certificate = new X509Certificate(mine.cert);
  expect(certificate.raw.equals(mine.der)).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkHost('localhost')).toBe('localhost');
  expect(certificate.fingerprint256.replaceAll(':', '')).toBe(
    Buffer.from(mine['x5t#S256'], 'base64url').toString('hex').toUpperCase(),
  );
});

describe.each(Object.entries(MOUNTS))(
  'a token that is bound to the certificate of the connection, on %s',
  (_name, mount) => {
    const app = (options?: Partial<LatchkeyOptions>) =>
      mount([guard(options).authenticate()], (_req, res) => res.end('passed'));
    const tls = createServer(
      { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false },
      app(),
    );
    beforeAll(() => new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve)));
    afterAll(() => {
      tls.closeAllConnections();
      return new Promise((resolve) => tls.close(resolve));
    });

    /** Asks over TLS, as the holder of a certificate. */
    const answerTo = (token: string, certified: Certified | undefined, more: RequestOptions = {}) =>
      new Promise<{
        status: number | undefined;
        challenge: string | undefined;
        body: string;
        resumed: boolean;
      }>((resolve, reject) => {
        const { port } = tls.address() as AddressInfo;
        const sent = httpsRequest(
          {
            ...{ host: '127.0.0.1', port, servername: 'localhost', ca: server.cert, agent: false },
            ...(certified && { key: certified.key, cert: certified.cert }),
            ...more,
            headers: { authorization: `Bearer ${token}`, ...more.headers },
          },
          (res) => {
            const socket = res.socket as unknown as { isSessionReused(): boolean };
            let body = '';
            res.on('data', (chunk: Buffer) => (body += chunk.toString()));
            res.on('end', () =>
              resolve({
                status: res.statusCode,
                challenge: res.headers['www-authenticate'],
                body,
                resumed: socket.isSessionReused(),
              }),
            );
          },
        );
        sent.on('error', reject);
        sent.end();
      });

    test.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
      'passes from its holder alone, over %s',
      async (version) => {
        const token = await issue();
        const over = { minVersion: version, maxVersion: version };
        expect(await answerTo(token, mine, over)).toMatchObject(PASSED);
        expect(await answerTo(token, other, over)).toMatchObject(REFUSED);
        expect(await answerTo(token, undefined, over)).toMatchObject(REFUSED);
        expect(await answerTo(token, mine, over)).toMatchObject(PASSED);
      },
    );

    test.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])(
      'passes on a session that was resumed, over %s',
      async (version) => {
        const token = await issue();
        const agent = new Agent({ maxCachedSessions: 10 });
        closing.push(() => agent.destroy());
        const over = { agent, minVersion: version, maxVersion: version };
        expect(await answerTo(token, mine, over)).toMatchObject({ ...PASSED, resumed: false });
        expect(await answerTo(token, mine, over)).toMatchObject({ ...PASSED, resumed: true });
      },
    );

    it('is compared on each request, whatever earlier requests of the connection presented', async () => {
      const [token, others] = [await issue(), await issue({ 'x5t#S256': other['x5t#S256'] })];
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      closing.push(() => agent.destroy());
      expect(await answerTo(token, mine, { agent })).toMatchObject(PASSED);
      expect(await answerTo(others, mine, { agent })).toMatchObject(REFUSED);
      expect(await answerTo(token, mine, { agent })).toMatchObject(PASSED);
    });

    it('may be bound to nothing, with a certificate or without', async () => {
      const token = await issue(null);
      expect(await answerTo(token, undefined)).toMatchObject(PASSED);
      expect(await answerTo(token, other)).toMatchObject(PASSED);
    });

    it('does not pass by what a header says', async () => {
      const headers = {
        'client-cert': `:${mine.der.toString('base64')}:`,
        'x-ssl-client-cert': encodeURIComponent(mine.cert),
      };
      expect(await answerTo(await issue(), other, { headers })).toMatchObject(REFUSED);
    });

    it('does not pass without TLS', async () => {
      const answer = await ask(app(), get(`Authorization: Bearer ${await issue()}`));
      expect(answer).toMatchObject({ status: 401, body: UNAUTHORIZED });
      expect(valuesOf(answer, 'WWW-Authenticate')).toEqual([BAD_TOKEN]);
    });
  },
);

it('passes over HTTP/2', async () => {
  const token = await issue();
  const { authenticate } = guard();
  const h2 = createSecureServer(
    { key: server.key, cert: server.cert, requestCert: true, rejectUnauthorized: false },
    (req, res) => authenticate()(req as never, res as never, () => res.end('passed')),
  );
  await new Promise<void>((resolve) => h2.listen(0, '127.0.0.1', resolve));
  closing.push(() => h2.close());
  const { port } = h2.address() as AddressInfo;
  const statuses: unknown[] = [];
  for (const certified of [mine, other]) {
    const session = connectHttp2(`https://localhost:${port}`, {
      ...{ ca: server.cert, key: certified.key, cert: certified.cert, servername: 'localhost' },
      lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }] as never),
    });
    closing.push(() => session.destroy());
    const stream = session.request({ ':path': '/', authorization: `Bearer ${token}` });
    statuses.push(
      await new Promise((resolve, reject) =>
        stream.on('response', (headers) => resolve(headers[':status'])).on('error', reject),
      ),
    );
  }
  expect(statuses).toEqual([200, 401]);
});

describe('a certificate in the header of a proxy', () => {
  const byteSequence = `:${mine.der.toString('base64')}:`;
  const escaped = encodeURIComponent(mine.cert);
  const behindProxy = (options: Partial<LatchkeyOptions> = {}) =>
    guard({ clientCertificate: { header: 'X-Client-Cert' }, ...options });
  const answerTo = async (...headers: readonly string[]) => {
    const app = MOUNTS['node:http']!([behindProxy().authenticate()], (_req, res) =>
      res.end('passed'),
    );
    const answer = await ask(app, get(`Authorization: Bearer ${await issue()}`, ...headers));
    return {
      status: answer.status,
      challenge: valuesOf(answer, 'WWW-Authenticate')[0],
      body: answer.body,
    };
  };

  test.each([
    ['as a byte sequence (RFC 9440)', byteSequence],
    ['as escaped PEM, as nginx writes it', escaped],
    [
      'as escaped PEM that leaves + and / as they are',
      mine.cert.replace(/[\n =]/g, encodeURIComponent),
    ],
    [
      'as escaped PEM with carriage returns',
      encodeURIComponent(mine.cert.replaceAll('\n', '\r\n')),
    ],
    ['as escaped PEM without an end of line', encodeURIComponent(mine.cert.trim())],
  ])('is read %s', async (_how, value) => {
    expect(await answerTo(`X-Client-Cert: ${value}`)).toEqual(PASSED);
    expect(await answerTo(`x-client-cert: ${value}`)).toEqual(PASSED);
  });

  test.each<[string, string]>([
    ['empty', ''],
    ['another', `:${other.der.toString('base64')}:`],
    ['another, escaped', encodeURIComponent(other.cert)],
    ['base64 without colons', mine.der.toString('base64')],
    ['without the first colon', byteSequence.slice(1)],
    ['without the last colon', byteSequence.slice(0, -1)],
    ['with a parameter', `${byteSequence};a=1`],
    ['twice in one line', `${byteSequence}, ${byteSequence}`],
    ['empty bytes', '::'],
    ['a key', encodeURIComponent(mine.key)],
    ['two in one', encodeURIComponent(mine.cert + other.cert)],
    ['after something', encodeURIComponent(`x${mine.cert}`)],
    ['not well escaped', '%E0%A4%A'],
    ['spaces', `-----BEGIN CERTIFICATE-----${' '.repeat(12_000)}`],
    ['its digest', mine['x5t#S256']],
    ['(null)', '(null)'],
  ])('is ignored if it is %s', async (_what, value) => {
    expect(await answerTo(`X-Client-Cert: ${value}`)).toEqual(REFUSED);
  });

  it('is ignored in two header lines, in another header, and if it is missing', async () => {
    expect(
      await answerTo(`X-Client-Cert: ${byteSequence}`, `X-Client-Cert: ${byteSequence}`),
    ).toEqual(REFUSED);
    expect(await answerTo(`X-Client-Cert: ${byteSequence}`, 'x-client-cert:')).toEqual(REFUSED);
    expect(await answerTo(`Client-Cert: ${byteSequence}`)).toEqual(REFUSED);
    expect(await answerTo()).toEqual(REFUSED);
  });

  it('is required for a bound API key, too', async () => {
    const { secret } = await keys.issue({
      subject: 'acct_42',
      scopes: [],
      confirmation: { 'x5t#S256': mine['x5t#S256'] },
    });
    const { check } = behindProxy({ extractors: [apiKeyHeader()], verifiers: [keys] });
    expect(
      await check({ headers: { 'x-api-key': secret, 'x-client-cert': byteSequence } }),
    ).toMatchObject({ status: 'authenticated' });
    expect(await check({ headers: { 'x-api-key': secret } })).toMatchObject({
      status: 'refused',
      reason: 'bad_proof',
      refusal: { status: 401, headers: { 'WWW-Authenticate': 'ApiKey realm="api"' } },
    });
  });

  it('does not make up for a proof of DPoP, nor that for it', async () => {
    const key = clientKey();
    const token = await issue({ jkt: key.jkt, 'x5t#S256': mine['x5t#S256'] });
    const { check } = behindProxy({ extractors: [bearer(), dpop()] });
    const reasonOf = async (scheme: string, headers: object) => {
      const request = {
        method: 'GET',
        url: '/',
        headers: { host: 'api.example.com', authorization: `${scheme} ${token}`, ...headers },
      };
      const answer = await check(request);
      return answer.status === 'refused'
        ? [answer.reason, answer.refusal.headers['WWW-Authenticate']]
        : answer.status;
    };
    const algs = 'algs="ES256 EdDSA Ed25519 PS256 RS256"';
    const certificate = { 'x-client-cert': byteSequence };
    expect(await reasonOf('DPoP', { ...certificate, dpop: proofOf({ key, token }) })).toBe(
      'authenticated',
    );
    expect(await reasonOf('DPoP', certificate)).toEqual([
      'bad_proof',
      `DPoP error="invalid_dpop_proof", ${algs}`,
    ]);
    expect(await reasonOf('DPoP', { dpop: proofOf({ key, token }) })).toEqual([
      'bad_proof',
      `DPoP error="invalid_token", ${algs}`,
    ]);
    expect(await reasonOf('Bearer', certificate)).toEqual([
      'bad_proof',
      [BAD_TOKEN, `DPoP ${algs}`],
    ]);
  });
});

describe('where no certificate is looked for', () => {
  it('a token that is bound to one is refused, from the cache too', async () => {
    const token = await issue();
    const { check } = guard({});
    for (let n = 0; n < 2; n++) {
      expect(await check({ headers: { authorization: `Bearer ${token}` } })).toMatchObject({
        reason: 'bad_proof',
      });
    }
  });
});
