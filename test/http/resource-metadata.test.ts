import express from 'express';
import express4 from 'express4';
import {
  apiKeys,
  latchkey,
  type LatchkeyOptions,
  memoryStore,
  type ResourceOptions,
} from 'latchkey';

import { metadataUrl } from '../../src/http/resource-metadata';
import { MOUNTS, rawRequest } from '../support/servers';
import { ask } from './ask';

const PATH = '/.well-known/oauth-protected-resource';
const verifiers = [apiKeys({ prefix: 'osir', store: memoryStore() })];
const made = (resource: ResourceOptions, options: Partial<LatchkeyOptions> = {}) =>
  latchkey({ verifiers, resource, ...options });

/** What is served for a resource. */
async function servedFor(
  resource: ResourceOptions,
  options: Partial<LatchkeyOptions> = {},
): Promise<unknown> {
  const { pathname } = new URL(metadataUrl(resource));
  const app = MOUNTS['node:http']!([made(resource, options).resourceMetadata()], (_req, res) =>
    res.end('something else'),
  );
  return JSON.parse((await ask(app, rawRequest(`GET ${pathname}`))).body);
}

describe('the URL of the metadata (RFC 9728 §3.1)', () => {
  test.each([
    ['https://api.osir.com', `https://api.osir.com${PATH}`],
    ['https://api.osir.com/', `https://api.osir.com${PATH}`],
    ['https://api.osir.com/v1', `https://api.osir.com${PATH}/v1`],
    ['https://api.osir.com/v1/', `https://api.osir.com${PATH}/v1/`],
    ['https://api.osir.com/v1/domains', `https://api.osir.com${PATH}/v1/domains`],
    ['https://api.osir.com:8443/v1', `https://api.osir.com:8443${PATH}/v1`],
    ['https://api.osir.com:443/v1', `https://api.osir.com${PATH}/v1`],
    ['http://localhost:3000/v1', `http://localhost:3000${PATH}/v1`],
    ['http://127.0.0.1:3000', `http://127.0.0.1:3000${PATH}`],
    ['http://[::1]:3000', `http://[::1]:3000${PATH}`],
    ['https://api.osir.com/caf%C3%A9', `https://api.osir.com${PATH}/caf%C3%A9`],
  ])('of %s is %s', async (url, expected) => {
    expect(metadataUrl({ url })).toBe(expected);
    const decision = await made({ url }).check({ headers: {} }, { scopes: [] });
    expect(decision).toMatchObject({
      refusal: {
        headers: { 'WWW-Authenticate': `Bearer realm="api", resource_metadata="${expected}"` },
      },
    });
    expect(await servedFor({ url })).toMatchObject({ resource: url });
  });
});

describe('the metadata', () => {
  const url = 'https://api.osir.com';

  it('is no more than what was configured', async () => {
    expect(await servedFor({ url })).toEqual({
      resource: url,
      bearer_methods_supported: ['header'],
    });
  });

  it('holds every option under its registered name (RFC 9728 §2)', async () => {
    const resource = {
      url,
      authorizationServers: ['https://osir.com', 'https://partner.example'],
      scopesSupported: ['domains:read'],
      name: 'The domain API',
      documentation: 'https://docs.osir.com',
      policyUri: 'https://osir.com/policy',
      tosUri: 'https://osir.com/terms',
    };
    expect(await servedFor(resource, { scopes: ['domains:read', 'domains:write'] })).toEqual({
      resource: url,
      authorization_servers: ['https://osir.com', 'https://partner.example'],
      scopes_supported: ['domains:read'],
      bearer_methods_supported: ['header'],
      resource_name: 'The domain API',
      resource_documentation: 'https://docs.osir.com',
      resource_policy_uri: 'https://osir.com/policy',
      resource_tos_uri: 'https://osir.com/terms',
    });
  });

  it('publishes the declared scopes by default', async () => {
    const scopes = {
      'domains:read': 'View domains',
      'domains:write': { description: 'Manage domains', implies: ['domains:read'] },
    };
    expect(await servedFor({ url }, { scopes })).toMatchObject({
      scopes_supported: ['domains:read', 'domains:write'],
    });
  });
});

describe.each(Object.entries(MOUNTS))('resourceMetadata on %s', (_name, mount) => {
  const { authenticate, resourceMetadata } = made({ url: 'https://api.osir.com/v1' });
  // The guard behind it shows that it asks for no credential itself, and that everything else goes
  // on.
  const app = mount([resourceMetadata(), authenticate()], (_req, res) => res.end('passed'));
  const body = '{"resource":"https://api.osir.com/v1","bearer_methods_supported":["header"]}';
  const CONTENT = [
    'Access-Control-Allow-Origin: *',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    'Cache-Control: public, max-age=3600',
  ];

  test.each([
    ['GET', rawRequest(`GET ${PATH}/v1`), { status: 200, headers: CONTENT, body }],
    ['GET with a query', rawRequest(`GET ${PATH}/v1?x=1`), { status: 200, headers: CONTENT, body }],
    [
      'GET from elsewhere',
      rawRequest(`GET ${PATH}/v1`, 'Origin: https://client.example'),
      { status: 200, headers: CONTENT, body },
    ],
    [
      'GET in absolute form',
      rawRequest(`GET http://api.example.com${PATH}/v1`),
      { status: 200, headers: CONTENT, body },
    ],
    ['HEAD', rawRequest(`HEAD ${PATH}/v1`), { status: 200, headers: CONTENT, body: '' }],
    [
      'a preflight',
      rawRequest(
        `OPTIONS ${PATH}/v1`,
        'Origin: https://client.example',
        'Access-Control-Request-Headers: mcp-protocol-version',
      ),
      {
        status: 204,
        headers: [
          'Access-Control-Allow-Origin: *',
          'Access-Control-Allow-Methods: GET',
          'Access-Control-Allow-Headers: *',
        ],
        body: '',
      },
    ],
  ])('responds to %s', async (_what, request, expected) => {
    expect(await ask(app, request)).toEqual(expected);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])('allows no %s', async (method) => {
    const answer = await ask(app, rawRequest(`${method} ${PATH}/v1`, 'Content-Length: 0'));
    expect(answer).toMatchObject({ status: 405, body: '' });
    expect(answer.headers).toEqual(
      expect.arrayContaining(['Allow: GET, HEAD, OPTIONS', 'Access-Control-Allow-Origin: *']),
    );
  });

  test.each([
    '/',
    '/v1',
    PATH,
    `${PATH}/`,
    `${PATH}/v1/`,
    `${PATH}/v2`,
    `${PATH}/v1/domains`,
    `/v1${PATH}`,
    `${PATH}/V1`,
  ])('leaves %s to what comes after', async (path) => {
    const answer = await ask(app, rawRequest(`GET ${path}`));
    expect(answer).toMatchObject({ status: 401 });
    expect(answer.headers).not.toContain('Access-Control-Allow-Origin: *');
  });
});

describe.each([
  ['Express 4', express4],
  ['Express 5', express],
])('in a router of %s', (_name, create) => {
  test.each([
    ['/', '/.well-known'],
    ['/.well-known', '/oauth-protected-resource'],
    [`${PATH}/v1`, '/'],
  ])('is served where it belongs, mounted on %s and %s', async (outer, inner) => {
    const app = create();
    const router = create.Router();
    router.use(inner, made({ url: 'https://api.osir.com/v1' }).resourceMetadata());
    app.use(outer, router);
    expect(await ask(app, rawRequest(`GET ${PATH}/v1`))).toMatchObject({
      status: 200,
      body: '{"resource":"https://api.osir.com/v1","bearer_methods_supported":["header"]}',
    });
    expect(await ask(app, rawRequest(`GET ${PATH}/v2`))).toMatchObject({ status: 404 });
  });
});

it('is a TypeError if no resource was configured', () => {
  expect(() => latchkey({ verifiers }).resourceMetadata()).toThrow(
    new TypeError('resourceMetadata(): latchkey() must have the option "resource"'),
  );
});
