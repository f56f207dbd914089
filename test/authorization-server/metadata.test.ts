import { generateKeyPairSync } from 'node:crypto';

import { startIssuing } from '../support/issuing';

const read = async (url: string) => {
  const response = await fetch(url);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    document: response.status === 200 ? await response.json() : undefined,
  };
};
const WELL_KNOWN = '/.well-known/oauth-authorization-server';

describe('the metadata', () => {
  it('says where everything is, and what is offered', async () => {
    const { origin, issuer, close } = await startIssuing();
    const { status, type, document } = await read(`${origin}${WELL_KNOWN}`);
    await close();
    expect([status, type]).toEqual([200, 'application/json; charset=utf-8']);
    expect(document).toEqual({
      issuer,
      authorization_endpoint: `${origin}/oauth/authorize`,
      token_endpoint: `${origin}/oauth/token`,
      revocation_endpoint: `${origin}/oauth/revoke`,
      introspection_endpoint: `${origin}/oauth/introspect`,
      scopes_supported: ['domains:read', 'domains:write', 'billing:read'],
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment'],
      grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
      revocation_endpoint_auth_methods_supported: [
        'client_secret_basic',
        'client_secret_post',
        'none',
      ],
      introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    });
  });

  it('of an issuer with a path is where the path is inserted, and where it is appended', async () => {
    const { origin, issuer, close } = await startIssuing({ issuerPath: '/tenant/a' });
    const answers = await Promise.all(
      [`${WELL_KNOWN}/tenant/a`, `/tenant/a${WELL_KNOWN}`, WELL_KNOWN].map((path) =>
        read(origin + path),
      ),
    );
    await close();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 404]);
    expect(answers[0]?.document).toMatchObject({ issuer, token_endpoint: `${origin}/oauth/token` });
    expect(answers[1]?.document).toEqual(answers[0]?.document);
  });

  it('does not depend on the Host that a request names', async () => {
    const { origin, issuer, close } = await startIssuing();
    const response = await fetch(`${origin}${WELL_KNOWN}`, {
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
    });
    const document = (await response.json()) as { issuer: string; token_endpoint: string };
    await close();
    expect([document.issuer, document.token_endpoint]).toEqual([issuer, `${origin}/oauth/token`]);
  });

  it('names endpoints on other hosts, and paths that a document has', async () => {
    const { origin, close } = await startIssuing({
      endpoints: {
        authorization: ['https://www.iiniit.com/auth/login', '/oauth2/authorize'],
        token: '/oauth2/token',
        revocation: 'https://api.iiniit.com/oauth2/revoke',
      },
    });
    const { document } = await read(`${origin}${WELL_KNOWN}`);
    const statuses = await Promise.all(
      [
        '/auth/login',
        '/oauth2/authorize',
        '/oauth2/token',
        '/oauth2/revoke',
        '/oauth/token',
        '/oauth/authorize',
      ].map(async (path) => (await fetch(`${origin}${path}`, { redirect: 'manual' })).status),
    );
    await close();
    expect(document).toMatchObject({
      authorization_endpoint: 'https://www.iiniit.com/auth/login',
      token_endpoint: `${origin}/oauth2/token`,
      revocation_endpoint: 'https://api.iiniit.com/oauth2/revoke',
    });
    expect(statuses).toEqual([400, 400, 405, 405, 404, 404]);
  });

  it('of a server without a login names no authorization endpoint, and none exists', async () => {
    const { origin, close } = await startIssuing({ login: null });
    const { document } = await read(`${origin}${WELL_KNOWN}`);
    const { status } = await fetch(`${origin}/oauth/authorize`);
    await close();
    expect(document).not.toHaveProperty('authorization_endpoint');
    expect(document).toMatchObject({
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
    });
    expect(status).toBe(404);
  });

  it('of a server of JWTs has their keys, and no private part of one', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const old = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const { origin, close } = await startIssuing({ tokens: { keys: [privateKey, old] } });
    const { document } = await read(`${origin}${WELL_KNOWN}`);
    const keys = (await read(`${origin}/oauth/jwks`)).document as {
      keys: Record<string, string>[];
    };
    await close();
    expect(document).toMatchObject({ jwks_uri: `${origin}/oauth/jwks` });
    expect(keys.keys.map(({ alg, use, kid }) => [alg, use, typeof kid])).toEqual([
      ['RS256', 'sig', 'string'],
      ['ES256', 'sig', 'string'],
    ]);
    expect(
      keys.keys
        .flatMap((key) => Object.keys(key))
        .filter((name) => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name)),
    ).toEqual([]);
  });
});
