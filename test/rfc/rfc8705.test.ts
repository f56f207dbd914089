import { X509Certificate } from 'node:crypto';
import { createServer, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

import jsonwebtoken from 'jsonwebtoken';
import { accessTokens, jwt, latchkey, memoryStore, type Verifier } from 'latchkey';

import { type Certified, selfSigned } from '../support/certificates';
import { complianceMatrix } from './compliance-matrix';

const [own, mine, other] = ['localhost', 'client', 'other'].map(selfSigned) as [
  Certified,
  Certified,
  Certified,
];
const SECRET = 'a secret that two parties share, long';
const tokens = accessTokens({ prefix: 'osirat', store: memoryStore() });
afterAll(() => tokens.close?.());
const signedTokens = jwt({
  issuer: 'https://osir.com',
  audience: 'https://api.example.com',
  algorithms: ['HS256'],
  key: SECRET,
});
const introspected: Verifier = {
  name: 'introspected',
  accepts: ({ token }) => token.startsWith('opaque-'),
  verify: ({ token }) => ({
    ok: true,
    principal: {
      kind: 'access_token',
      verifier: 'introspected',
      subject: 'user_7',
      scopes: [],
      claims: {},
    },
    confirmation: { 'x5t#S256': token.slice('opaque-'.length) },
  }),
};
const bound = async (thumbprint: string = mine['x5t#S256']) =>
  (await tokens.issue({ subject: 'user_7', scopes: [], confirmation: { 'x5t#S256': thumbprint } }))
    .secret;
const signed = (thumbprint: string) =>
  jsonwebtoken.sign({ sub: 'user_7', cnf: { 'x5t#S256': thumbprint } }, SECRET, {
    issuer: 'https://osir.com',
    audience: 'https://api.example.com',
    expiresIn: 60,
  });

/** What is answered to a token over TLS, from the holder of a certificate. */
async function answerTo(
  token: string,
  certified: Certified | undefined,
  clientCertificate: 'socket' | undefined = 'socket',
) {
  const guards = latchkey({
    verifiers: [tokens, signedTokens, introspected],
    ...(clientCertificate && { clientCertificate }),
  });
  const guard = guards.authenticate();
  const server = createServer(
    { key: own.key, cert: own.cert, requestCert: true, rejectUnauthorized: false },
    (req, res) => guard(req, res, () => res.end()),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise<[number | undefined, string | undefined]>((resolve, reject) => {
      httpsRequest(
        {
          ...{
            host: '127.0.0.1',
            port: (server.address() as AddressInfo).port,
            servername: 'localhost',
            ca: own.cert,
            agent: false,
          },
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

complianceMatrix('RFC 8705', [
  {
    section: '2',
    level: 'MUST',
    says: 'An authorization server that authenticates a client by its certificate looks at the handshake and the registered certificate.',
    notOurs:
      'because clients authenticate to the authorization server so; a resource server knows tokens',
  },
  {
    section: '2',
    level: 'MUST',
    says: 'A client that authenticates so sends its client_id in every request.',
    notOurs:
      'because it is for the client; introspection() authenticates by a secret or an assertion',
  },
  {
    section: '2.1.2',
    level: 'MUST',
    says: 'A client registers exactly one name of the subject of its certificate.',
    notOurs: 'because clients register at the authorization server',
  },
  {
    section: '3',
    level: 'MUST',
    says: 'A client makes its requests over mutual TLS with the certificate that it used at the token endpoint.',
    notOurs:
      'because it is for the client; that another certificate is refused is the next entry but one',
  },
  {
    section: '3',
    level: 'MUST',
    says: 'A protected resource compares the certificate of the TLS connection with the binding of the token.',
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
    level: '-',
    says: 'A resource server without mutual TLS rejects bound tokens: a token cannot request mutual TLS.',
    async test() {
      const { check } = latchkey({ verifiers: [tokens] });
      expect(await check({ headers: { authorization: `Bearer ${await bound()}` } })).toMatchObject({
        reason: 'bad_proof',
      });
    },
  },
  {
    section: '3.1',
    level: 'SHOULD',
    says: 'A JWT says the certificate in cnf, as x5t#S256: the base64url of the SHA-256 of its DER.',
    async test() {
      const hex = new X509Certificate(mine.cert).fingerprint256.replaceAll(':', '');
      const thumbprint = Buffer.from(hex, 'hex').toString('base64url');
      expect(await answerTo(signed(thumbprint), mine)).toEqual(PASSED);
      for (const spelling of [hex, hex.toLowerCase()]) {
        expect(await answerTo(signed(spelling), mine)).toEqual(REFUSED);
      }
    },
  },
  {
    section: '3.1',
    level: 'MUST',
    says: 'It has no padding, and no line breaks, white space or other characters.',
    async test() {
      const thumbprint = mine['x5t#S256'];
      for (const spelling of [`${thumbprint}=`, `${thumbprint}\n`, ` ${thumbprint}`]) {
        expect(await answerTo(signed(spelling), mine)).toEqual(REFUSED);
      }
    },
  },
  {
    section: '3.2',
    level: '-',
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
    section: '3.4',
    level: 'OPTIONAL',
    says: 'A client registers that it means to use such tokens.',
    notOurs: 'because clients register at the authorization server',
  },
  {
    section: '4',
    level: 'SHOULD',
    says: 'Refresh tokens of clients without credentials of their own are bound to the certificate too.',
    notOurs: 'because refresh tokens are for the authorization server',
  },
  {
    section: '5',
    level: 'MAY',
    says: 'An authorization server keeps clients that use mutual TLS apart, at endpoints that they prefer (mtls_endpoint_aliases).',
    notOurs:
      'because introspection() is a client that uses no mutual TLS, so it goes to the endpoint for all',
  },
  {
    section: '6.2',
    level: '-',
    says: 'A resource server need not trust the issuer of the certificate: the binding of the token is enough.',
    async test() {
      expect(new X509Certificate(mine.cert).issuer).toBe('CN=client');
      expect(await answerTo(await bound(), mine)).toEqual(PASSED);
    },
  },
  {
    section: '6.3',
    level: '-',
    says: 'A client that renews its certificate needs a new token: the old one is refused like an expired one.',
    async test() {
      const renewed = selfSigned('client');
      const token = await bound();
      expect([await answerTo(token, mine), await answerTo(token, renewed)]).toEqual([
        PASSED,
        REFUSED,
      ]);
    },
  },
  {
    section: '6.5',
    level: 'MAY',
    says: 'TLS ends at a proxy, which hands the certificate on: in a header that was named for it, and in no other.',
    async test() {
      const header = { 'client-cert': `:${mine.der.toString('base64')}:` };
      const request = { headers: { authorization: `Bearer ${await bound()}`, ...header } };
      const behindProxy = latchkey({
        verifiers: [tokens],
        clientCertificate: { header: 'Client-Cert' },
      });
      expect(await behindProxy.check(request)).toMatchObject({ status: 'authenticated' });
      for (const options of [
        {},
        { clientCertificate: 'socket' },
        { clientCertificate: { header: 'X-Other' } },
      ] as const) {
        expect(await latchkey({ verifiers: [tokens], ...options }).check(request)).toMatchObject({
          reason: 'bad_proof',
        });
      }
    },
  },
  {
    section: '7.2',
    level: '-',
    says: 'The hash is one for which nobody finds a second certificate: SHA-256.',
    async test() {
      const sha1 = Buffer.from(
        new X509Certificate(mine.cert).fingerprint.replaceAll(':', ''),
        'hex',
      ).toString('base64url');
      const { secret } = await tokens.issue({
        subject: 'user_7',
        scopes: [],
        confirmation: { x5t: sha1 },
      });
      expect(await answerTo(secret, mine)).toEqual(REFUSED);
    },
  },
  {
    section: '7.3',
    level: '-',
    says: 'The versions and ciphers of TLS are those of current practice.',
    notOurs: 'because the server or the proxy in front of it speaks TLS, and is configured for it',
  },
  {
    section: '7.4',
    level: 'SHOULD',
    says: 'An authorization server that knows clients by the names in their certificates trusts few authorities.',
    notOurs:
      'because no name in a certificate is looked at here, and no authority trusted: only the hash counts',
  },
  {
    section: '7.5',
    level: 'SHOULD',
    says: 'Certificates and their chains are validated by a well-tested library, and not by code of one’s own.',
    async test() {
      // Nothing here reads a certificate: what no library would parse is a hash like any other, of
      // which nobody has a token.
      const junk = Buffer.from('no certificate');
      const request = {
        headers: {
          authorization: `Bearer ${await bound()}`,
          'client-cert': `:${junk.toString('base64')}:`,
        },
      };
      const behindProxy = latchkey({
        verifiers: [tokens],
        clientCertificate: { header: 'Client-Cert' },
      });
      expect(await behindProxy.check(request)).toMatchObject({
        status: 'refused',
        reason: 'bad_proof',
      });
    },
  },
]);
