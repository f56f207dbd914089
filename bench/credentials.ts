import { createSecretKey, type KeyObject } from 'node:crypto';

import { SignJWT } from 'jose';

/**
 * What every contender receives: a key of 59 bytes or a JWT of 700, in a request with 12 headers.
 */
export const PREFIX = 'osir';
export const SCOPE = 'domains:read';
export const ISSUER = 'https://osir.com';
export const AUDIENCE = 'https://api.osir.com';
export const SECRET = createSecretKey(Buffer.alloc(64, 'a secret of this bench alone '));
const TOKEN_LENGTH = 700;

/** Other headers of a client. With `Host` and the credential there are twelve. */
const COMPANY = {
  accept: 'application/json',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en-GB,en;q=0.9',
  'cache-control': 'no-cache',
  connection: 'keep-alive',
  'user-agent': 'osir-sdk/4.2.0 (node 22.10.0; linux x64)',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-request-id': '7f3c0a52-9d4e-4b8a-8a43-5d1c2e0f9b61',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
};

export type Headers = Readonly<Record<string, string>>;
export const inAuthorization = (token: string): Headers => ({
  authorization: `Bearer ${token}`,
  ...COMPANY,
});
export const inApiKeyHeader = (key: string): Headers => ({ 'x-api-key': key, ...COMPANY });

/** Creates an access token of the given length. Further user claims pad it. */
export async function signedToken(key: KeyObject, alg: string): Promise<string> {
  const claims = { client_id: 'dashboard', scope: `${SCOPE} domains:write` };
  const sign = (note: string) =>
    new SignJWT({ ...claims, note })
      .setProtectedHeader({ alg, typ: 'at+jwt' })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject('acct_42')
      .setJti('b7e9d2f0-5c1a-4e38-9f67-0a4d3c8e1b25')
      .setIssuedAt()
      .setExpirationTime('1d')
      .sign(key);
  // Base64 encodes three bytes as four characters, so some signatures make the token too long.
  const missing = Math.max(0, TOKEN_LENGTH - (await sign('')).length);
  return sign('x'.repeat(Math.floor((missing * 3) / 4)));
}
