// OpenAPI: the security of the document is read from the guards, and swagger-ui shows it.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

import express from 'express';
import { apiKeys, getAuth, latchkey, memoryStore } from 'latchkey';
import { securityOf, type SecurityRequirement, securitySchemes } from 'latchkey/openapi';

import { bearing, curl, serve } from './support/serve';

const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const guards = latchkey({
  scopes: { 'domains:read': 'View domains', 'domains:write': 'Manage domains' },
  verifiers: [keys],
});

const app = express();
app.get('/v1/domains', guards.requireScopes('domains:read'), (req, res) => {
  res.json({ owner: getAuth(req).subject });
});
app.delete('/v1/domains/:id', guards.requireScopes('domains:write'), (_req, res) => {
  res.status(204).end();
});

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly object[];
  readonly responses: object;
  security?: readonly SecurityRequirement[];
}

const id = { name: 'id', in: 'path', required: true, schema: { type: 'string' } };
const paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> = {
  '/v1/domains': {
    get: { summary: 'List domains', responses: { 200: { description: 'The domains' } } },
  },
  '/v1/domains/{id}': {
    delete: {
      summary: 'Remove a domain',
      parameters: [id],
      responses: { 204: { description: 'It is removed' } },
    },
  },
};
for (const { method, path, security } of securityOf(app)) {
  const operation = paths[path]?.[method.toLowerCase()];
  if (operation) {
    operation.security = security;
  }
}
const document = {
  openapi: '3.1.1',
  info: { title: 'Acme', version: '1.0.0' },
  paths,
  components: { securitySchemes: securitySchemes(guards) },
};

const PAGE = `<!doctype html>
<html lang="en">
<title>Acme</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({ url: '/openapi.json', dom_id: '#docs' });</script>
</html>`;
const swaggerUi = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
app.get('/openapi.json', (_req, res) => void res.json(document));
app.get('/docs', (_req, res) => void res.type('html').send(PAGE));
app.use('/docs', express.static(swaggerUi, { index: false }));

const { secret } = await keys.issue({ subject: 'acct_42', scopes: ['domains:read'] });

serve('An API with its OpenAPI document, which a browser shows at /docs', app, [
  ['the document: 200', curl('/openapi.json')],
  ['a valid key: 200', curl('/v1/domains', bearing(secret))],
  ['a missing scope: 403', curl('/v1/domains/example.com', '-X DELETE', bearing(secret))],
]);
