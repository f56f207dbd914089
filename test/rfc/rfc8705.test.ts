import { X509Certificate } from 'node:crypto';
import { createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import jsonwebtoken from 'jsonwebtoken';
import { accessTokens, jwt, latchkey, memoryStore, type Verifier } from 'latchkey';
import { selfSigned, type Certified } from '../support/certificates';
import { ledger } from './ledger';

const [own, mine, other] = ['localhost', 'client', 'other'].map(selfSigned) as [Certified, Certified, Certified];
const SECRET = 'a secret that two parties share, long';
const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
afterAll(() => tokens.close?.());
const signedTokens = jwt({ issuer: 'https://osir.com', audience: 'https://api.example.com', algorithms: ['HS256'], key: SECRET });
const introspected: Verifier = {
  name: 'introspected',
  accepts: ({ token }) => token.startsWith('opaque-'),
  verify: ({ token }) => ({
    ok: true,
    principal: { kind: 'access_token', verifier: 'introspected', subject: 'user_7', scopes: [], claims: {} },
    confirmation: { 'x5t#S256': token.slice('opaque-'.length) },
  }),
};
const bound = async (thumbprint: string = mine['x5t#S256']) =>
  (await tokens.issue({ subject: 'user_7', scopes: [], confirmation: { 'x5t#S256': thumbprint } })).secret;
const signed = (thumbprint: string) =>
  jsonwebtoken.sign({ sub: 'user_7', cnf: { 'x5t#S256': thumbprint } }, SECRET, {
    issuer: 'https://osir.com',
    audience: 'https://api.example.com',
    expiresIn: 60,
  });

/** What is answered to a token over TLS, from the holder of a certificate. */
async function answerTo(token: string, certified: Certified | undefined, clientCertificate: 'socket' | undefined = 'socket') {
  const guards = latchkey({ verifiers: [tokens, signedTokens, introspected], ...(clientCertificate && { clientCertificate }) });
  const guard = guards.authenticate();
  const server = createServer({ key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false }, (req, res) =>
    guard(req, res, () => res.end()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
      httpsRequest(
        {
          ...{ host: '127.0.0.1', port: (server.address() as AddressInfo).port, servername: 'localhost', ca: own.cert, agent: false },
          ...(certified && { key: certified.key, cert: certified.cert }),
          headers: { authorization: `Bearer ${token}` },
        },
        (res) => {
          res.resume();
          resolve([res.statusCode, res.headers['www-authenticate']]);
        },
      )
        .on('error', reject)
        .end();
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
const PASSED = [200, undefined];
const REFUSED = [401, expect.stringContaining('error="invalid_token"')];

ledger('RFC 8705', [
  {
    section: '2',
    level: 'MUST',
    says: 'An authorization server that authenticates a client by its certificate looks at the handshake and the registered certificate.',
    notOurs: 'because clients authenticate to the authorization server so; a resource server knows tokens',
  },
  {
    section: '3',
    level: 'MUST',
    says: 'A protected resource takes the certificate that the client used for mutual TLS, and looks whether the token is bound to it.',
    async test() {
      expect(await answerTo(await bound(), mine)).toEqual(PASSED);
      expect(await answerTo(await bound(other['x5t#S256']), other)).toEqual(PASSED);
    },
  },
  {
    section: '3',
    level: 'MUST',
    says: 'Where they do not match, the request is refused with 401 and invalid_token.',
    async test() {
      expect(await answerTo(await bound(), other)).toEqual(REFUSED);
      expect(await answerTo(await bound(), undefined)).toEqual(REFUSED);
    },
  },
  {
    section: '3',
    level: 'MUST',
    says: 'A resource server knows beforehand that mutual TLS will be used: the token cannot ask for it. One that does not refuses bound tokens.',
    async test() {
      const { check } = latchkey({ verifiers: [tokens] });
      expect(await check({ headers: { authorization: `Bearer ${await bound()}` } })).toMatchObject({ reason: 'bad_proof' });
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'A JWT says the certificate in cnf, as x5t#S256: the base64url of the SHA-256 of its DER, without padding.',
    async test() {
      const hex = new X509Certificate(mine.cert).fingerprint256.replaceAll(':', '');
      const thumbprint = Buffer.from(hex, 'hex').toString('base64url');
      expect(await answerTo(signed(thumbprint), mine)).toEqual(PASSED);
      for (const spelling of [`${thumbprint}=`, hex, hex.toLowerCase()]) expect(await answerTo(signed(spelling), mine)).toEqual(REFUSED);
    },
  },
  {
    section: '3.2',
    level: 'MUST',
    says: 'An introspected token says it in the member cnf, in the same form.',
    async test() {
      expect(await answerTo(`opaque-${mine['x5t#S256']}`, mine)).toEqual(PASSED);
      expect(await answerTo(`opaque-${mine['x5t#S256']}`, other)).toEqual(REFUSED);
    },
  },
  {
    section: '3.3',
    level: 'OPTIONAL',
    says: 'An authorization server publishes that it binds tokens to certificates.',
    notOurs: 'because it is the metadata of the authorization server',
  },
  {
    section: '4',
    level: 'MAY',
    says: 'Clients without credentials of their own have their tokens bound too.',
    notOurs: 'because the authorization server binds them; here one bound token is like another',
  },
  {
    section: '5',
    level: 'MUST',
    says: 'A client that uses mutual TLS prefers the endpoints that are meant for it.',
    notOurs: 'because these are endpoints of the authorization server, for a client to choose',
  },
  {
    section: '6.2',
    level: 'MAY',
    says: 'A resource server need not trust whoever issued the certificate: that it is the one the token is bound to is enough.',
    async test() {
      expect(new X509Certificate(mine.cert).issuer).toBe('CN=client');
      expect(await answerTo(await bound(), mine)).toEqual(PASSED);
    },
  },
  {
    section: '6.5',
    level: 'MUST',
    says: 'Where a proxy ends TLS it hands the certificate on, and what a client says in that place is not taken for it.',
    async test() {
      const header = { 'client-cert': `:${mine.der.toString('base64')}:` };
      const request = { headers: { authorization: `Bearer ${await bound()}`, ...header } };
      const behindProxy = latchkey({ verifiers: [tokens], clientCertificate: { header: 'Client-Cert' } });
      expect(await behindProxy.check(request)).toMatchObject({ status: 'authenticated' });
      for (const options of [{}, { clientCertificate: 'socket' }, { clientCertificate: { header: 'X-Other' } }] as const) {
        expect(await latchkey({ verifiers: [tokens], ...options }).check(request)).toMatchObject({ reason: 'bad_proof' });
      }
    },
  },
  {
    section: '7.2',
    level: 'MUST',
    says: 'The hash is one for which nobody finds a second certificate: SHA-256.',
    async test() {
      const sha1 = Buffer.from(new X509Certificate(mine.cert).fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
      const { secret } = await tokens.issue({ subject: 'user_7', scopes: [], confirmation: { x5t: sha1 } });
      expect(await answerTo(secret, mine)).toEqual(REFUSED);
    },
  },
  {
    section: '7.4',
    level: 'MUST',
    says: 'The versions and ciphers of TLS are those of current practice.',
    notOurs: 'because the server or the proxy in front of it speaks TLS, and is configured for it',
  },
]);
