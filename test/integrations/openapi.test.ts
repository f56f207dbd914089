import SwaggerParser from '@apidevtools/swagger-parser';
import express from 'express';
import express4 from 'express4';
import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  dpop,
  latchkey,
  memoryStore,
  queryParameter,
  sessionTokens,
} from 'latchkey';
import { securityOf, securitySchemes } from 'latchkey/openapi';

const store = memoryStore();
const keys = apiKeys({ prefix: 'acme', store });
const guards = latchkey({ scopes: ['read', 'write', 'admin'], verifiers: [keys] });
const { authenticate, requireScopes, requireAnyScope, authorize } = guards;
const handler: express.RequestHandler = (_req, res) => void res.end();
const requirement = (...scopes: string[]) => [{ bearer: scopes }, { 'api-key-header': scopes }];

describe('securitySchemes()', () => {
  test('describes the default extractors', () => {
    expect(securitySchemes(guards)).toEqual({
      bearer: { type: 'http', scheme: 'bearer' },
      'api-key-header': { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    });
  });

  test('describes every other extractor', () => {
    const others = latchkey({
      extractors: [bearer(), dpop(), queryParameter('api_key'), cookie('sid')],
      verifiers: [
        keys,
        accessTokens({ prefix: 'acmeat', store }),
        sessionTokens({ prefix: 'acmesession', store }),
      ],
    });
    expect(securitySchemes(others)).toEqual({
      bearer: { type: 'http', scheme: 'bearer' },
      dpop: { type: 'http', scheme: 'DPoP' },
      query: { type: 'apiKey', in: 'query', name: 'api_key' },
      cookie: { type: 'apiKey', in: 'cookie', name: 'sid' },
    });
  });

  test('distinguishes two extractors of one name by their headers', () => {
    const two = latchkey({
      extractors: [apiKeyHeader(), apiKeyHeader('X-Acme-Key')],
      verifiers: [keys],
    });
    expect(Object.keys(securitySchemes(two))).toEqual([
      'api-key-header-X-API-Key',
      'api-key-header-X-Acme-Key',
    ]);
  });

  test('rejects an extractor that states no place', () => {
    const own = latchkey({
      extractors: [{ name: 'own', extract: () => undefined }],
      verifiers: [apiKeys({ prefix: 'acme', store, extractors: ['own'] })],
    });
    expect(() => securitySchemes(own)).toThrow(
      expect.objectContaining({ code: 'ERR_LATCHKEY_ARGUMENT' }),
    );
  });

  test('rejects anything but the guards', () => {
    expect(() => securitySchemes({} as never)).toThrow(
      expect.objectContaining({ code: 'ERR_LATCHKEY_OPTION' }),
    );
  });
});

describe.each([
  ['Express 4', express4],
  ['Express 5', express],
])('securityOf() on %s', (version, create) => {
  test('reads the scopes of every kind of guard', () => {
    const app = create();
    app.get('/any', authenticate(), handler);
    app.get('/all', requireScopes('read', 'write'), handler);
    app.post('/one', requireAnyScope('write', 'admin'), handler);
    app.put(
      '/policy',
      authorize(() => true),
      handler,
    );
    app.get('/open', handler);
    expect(securityOf(app)).toEqual([
      { method: 'GET', path: '/any', security: requirement() },
      { method: 'GET', path: '/all', security: requirement('read', 'write') },
      {
        method: 'POST',
        path: '/one',
        security: [
          { bearer: ['write'] },
          { bearer: ['admin'] },
          { 'api-key-header': ['write'] },
          { 'api-key-header': ['admin'] },
        ],
      },
      { method: 'PUT', path: '/policy', security: requirement() },
      { method: 'GET', path: '/open', security: [] },
    ]);
  });

  test('allows anonymous requests where every guard is optional', () => {
    const app = create();
    app.get('/optional', authenticate({ optional: true }), handler);
    app.get('/both', authenticate({ optional: true }), requireScopes('read'), handler);
    expect(securityOf(app)).toEqual([
      { method: 'GET', path: '/optional', security: [...requirement(), {}] },
      { method: 'GET', path: '/both', security: requirement('read') },
    ]);
  });

  test('adds the guards of the routers around a route', () => {
    const app = create();
    const inner = create.Router();
    inner.use(requireScopes('write'));
    inner.get('/:id/records', handler);
    const router = create.Router();
    router.use('/domains', inner);
    app.use('/v1', requireScopes('read'), router);
    expect(securityOf(app)).toEqual([
      { method: 'GET', path: '/v1/domains/{id}/records', security: requirement('read', 'write') },
    ]);
  });

  test('lists every method of OpenAPI for all()', () => {
    const app = create();
    app.all('/x', requireScopes('read'), handler);
    expect(securityOf(app).map(({ method }) => method)).toEqual([
      'GET',
      'PUT',
      'POST',
      'DELETE',
      'OPTIONS',
      'HEAD',
      'PATCH',
      'TRACE',
    ]);
  });

  test('lists the first of two routes for one method and path', () => {
    const app = create();
    app.get('/x', requireScopes('read'), handler);
    app.get('/x', handler);
    expect(securityOf(app)).toEqual([{ method: 'GET', path: '/x', security: requirement('read') }]);
  });

  test('counts a route of guards alone for the routes that follow', () => {
    const app = create();
    app.get('/x', requireScopes('read'));
    app.get('/x', handler);
    expect(securityOf(app)).toEqual([{ method: 'GET', path: '/x', security: requirement('read') }]);
  });

  test('includes a RegExp as its source', () => {
    const app = create();
    app.get(/^\/files\/(.+)$/, requireScopes('read'), handler);
    expect(securityOf(app)).toEqual([
      { method: 'GET', path: String(/^\/files\/(.+)$/), security: requirement('read') },
    ]);
  });

  test('writes parameters as OpenAPI does', () => {
    const app = create();
    const paths =
      version === 'Express 4'
        ? ['/a/:id(\\d+)', '/b/:id?', '/c/:one-:two']
        : ['/a/:id', '/b{/:id}', '/c/:one-:two', '/d/*rest'];
    for (const path of paths) {
      app.get(path, handler);
    }
    expect(securityOf(app).map(({ path }) => path)).toEqual(
      ['/a/{id}', '/b/{id}', '/c/{one}-{two}', '/d/{rest}'].slice(0, paths.length),
    );
  });

  test('completes a document that validates', async () => {
    const app = create();
    app.get('/domains/:id', requireScopes('read'), handler);
    app.get('/health', handler);
    const operation = { responses: { 200: { description: 'OK' } } };
    const parameters = [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }];
    const paths: Record<string, Record<string, object>> = {
      '/domains/{id}': { get: { ...operation, parameters } },
      '/health': { get: { ...operation } },
    };
    for (const { method, path, security } of securityOf(app)) {
      const found = paths[path]?.[method.toLowerCase()];
      if (found) {
        Object.assign(found, { security });
      }
    }
    const document = {
      openapi: '3.1.1',
      info: { title: 'Acme', version: '1' },
      paths,
      components: { securitySchemes: securitySchemes(guards) },
    };
    await SwaggerParser.validate(structuredClone(document) as never);
    expect(paths).toMatchObject({
      '/domains/{id}': { get: { security: requirement('read') } },
      '/health': { get: { security: [] } },
    });
  });
});

test('securityOf() rejects anything but an Express application', () => {
  expect(() => securityOf(() => undefined)).toThrow(
    expect.objectContaining({ code: 'ERR_LATCHKEY_ARGUMENT' }),
  );
});
