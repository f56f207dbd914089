import { fetchMetadata } from '../../../src/verifiers/issuer/metadata';
import { type Handler, listen } from '../../support/servers';

const LIMITS = { timeoutMs: 300, maxBytes: 10_000 };
const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

/** A server that answers at these paths. `{origin}` in an answer is its own. */
async function publishing(answers: Readonly<Record<string, string | Handler>>, issuerPath = '') {
  const asked: string[] = [];
  const server = await listen((req, res) => {
    const path = req.url as string;
    asked.push(path);
    const answer = answers[path];
    if (typeof answer === 'function') {
      return answer(req, res);
    }
    res.writeHead(answer === undefined ? 404 : 200, { 'Content-Type': 'application/json' });
    res.end(answer?.replaceAll('{origin}', origin));
  });
  const origin = `http://127.0.0.1:${server.port}`;
  try {
    const found = await fetchMetadata(origin + issuerPath, LIMITS).catch((error: Error) =>
      error.message.replaceAll(origin, ''),
    );
    return { found: JSON.parse(JSON.stringify(found).replaceAll(origin, '')) as unknown, asked };
  } finally {
    await server.close();
  }
}

test.each([
  ['OpenID Connect Discovery', '', OPENID, [OPENID]],
  ['RFC 8414, where there is no OpenID', '', OAUTH, [OPENID, OAUTH]],
  ['OpenID Connect Discovery below a path', '/tenant', `/tenant${OPENID}`, [`/tenant${OPENID}`]],
  [
    'RFC 8414 with the path at the end',
    '/tenant',
    `${OAUTH}/tenant`,
    [`/tenant${OPENID}`, `${OAUTH}/tenant`],
  ],
  [
    'a path that ends in a slash',
    '/tenant/',
    `${OAUTH}/tenant`,
    [`/tenant${OPENID}`, `${OAUTH}/tenant`],
  ],
  [
    'OpenID with the path at the end',
    '/tenant',
    `${OPENID}/tenant`,
    [`/tenant${OPENID}`, `${OAUTH}/tenant`, `${OPENID}/tenant`],
  ],
  ['an issuer that is a host and a slash', '/', OAUTH, [OPENID, OAUTH]],
])('finds metadata by %s', async (_, path, at, asked) => {
  expect(
    await publishing({ [at]: `{"issuer":"{origin}${path}","jwks_uri":"/jwks"}` }, path),
  ).toEqual({
    found: { issuer: path, jwks_uri: '/jwks' },
    asked,
  });
});

test.each(['{origin}', '{origin}/Tenant', '{origin}/tenant/', 'https://evil.example/tenant'])(
  'rejects metadata of %s for another issuer',
  async (issuer) => {
    const { found, asked } = await publishing(
      { [`/tenant${OPENID}`]: JSON.stringify({ issuer }) },
      '/tenant',
    );
    expect(found).toBe(
      `/tenant${OPENID} is the metadata of another issuer; ${OAUTH}/tenant responded with status 404; ${OPENID}/tenant responded with status 404`,
    );
    expect(asked).toHaveLength(3);
  },
);

it('names both URLs if neither has metadata', async () => {
  const html: Handler = (_, res) => void res.setHeader('Content-Type', 'text/html').end('<p>');
  expect((await publishing({ [OPENID]: html })).found).toBe(
    `${OPENID} responded with something that is not JSON; ${OAUTH} responded with status 404`,
  );
});

it('does not try the second URL if the host does not respond', async () => {
  expect(await publishing({ [OPENID]: () => {}, [OAUTH]: '{"issuer":"{origin}"}' })).toEqual({
    found: `${OPENID} did not respond within 300 ms`,
    asked: [OPENID],
  });
});
