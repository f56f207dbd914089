import express from 'express';
import type { ClientCompatibility, RegisteredClient } from 'latchkey/authorization-server';
import { answerOf, startIssuing, type Issuing } from '../support/issuing';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

const servers: Issuing[] = [];
afterAll(() => Promise.all(servers.map(({ close }) => close())));

async function ask(
  compatibility: ClientCompatibility | undefined,
  {
    type,
    body,
    before = [],
    path = '/oauth/token',
  }: { type: string; body: (c: Record<string, string>) => string; before?: express.RequestHandler[]; path?: string },
) {
  const issuing = await startIssuing({ before, ...(compatibility && { compatibility: compatibility }) });
  servers.push(issuing);
  const { client, secret = '' }: RegisteredClient = await issuing.server.clients.register({
    name: 'Nightly',
    scopes: ['domains:read', 'billing:read'],
  });
  const credentials = { grant_type: 'client_credentials', client_id: client.clientId, client_secret: secret };
  return answerOf(await fetch(issuing.origin + path, { method: 'POST', headers: { 'content-type': type }, body: body(credentials) }));
}

const asForm = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();
const asJson = (parameters: object) => JSON.stringify(parameters);
const GOOD = { status: 200, body: { token_type: 'Bearer' } };
const BAD = { status: 400, body: { error: 'invalid_request' } };

describe('a body that a parser has read', () => {
  test.each<[string, express.RequestHandler[]]>([
    ['urlencoded', [express.urlencoded({ extended: false })]],
    ['urlencoded, extended', [express.urlencoded({ extended: true })]],
    ['json and urlencoded', [express.json(), express.urlencoded({ extended: true })]],
    ['text', [express.text({ type: '*/*' })]],
    ['raw', [express.raw({ type: '*/*' })]],
    ['json alone, which leaves it', [express.json()]],
  ])('is read all the same: %s', async (_, before) => {
    expect(await ask(undefined, { type: FORM, body: asForm, before })).toMatchObject(GOOD);
  });

  test.each<[string, string]>([
    ['given twice', '&grant_type=client_credentials'],
    ['given as a list', '&scope[]=domains:read&scope[]=billing:read&scope=domains:read'],
    ['given as an object', '&scope[a]=domains:read'],
  ])('is refused with a parameter %s', async (_, more) => {
    const before = [express.urlencoded({ extended: true })];
    expect(await ask(undefined, { type: FORM, body: (parameters) => asForm(parameters) + more, before })).toMatchObject(BAD);
  });

  it('as JSON is refused where no compatibility takes it', async () => {
    expect(await ask(undefined, { type: JSON_TYPE, body: asJson, before: [express.json()] })).toMatchObject(BAD);
  });

  it('as JSON is taken by its compatibility', async () => {
    expect(await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body: asJson, before: [express.json()] })).toMatchObject(GOOD);
  });
});

describe('token requests as JSON', () => {
  it('are taken where the compatibility has them, and forms still are', async () => {
    expect(await ask({ jsonTokenRequests: true }, { type: `${JSON_TYPE}; charset=utf-8`, body: asJson })).toMatchObject(GOOD);
    expect(await ask({ jsonTokenRequests: true }, { type: FORM, body: asForm })).toMatchObject(GOOD);
  });

  test.each<[string, (c: Record<string, string>) => string]>([
    ['that is none', () => '{'],
    ['that is a list', (c) => asJson([c])],
    ['that is a word', () => '"client_credentials"'],
    ['that is null', () => 'null'],
    ['that is a form', asForm],
    ['with a number', (c) => asJson({ ...c, scope: 7 })],
    ['with an object', (c) => asJson({ ...c, scope: { a: 1 } })],
    ['with a list for a parameter', (c) => asJson({ ...c, scope: ['domains:read', 'billing:read'] })],
    ['that is empty', () => ''],
    ['of too many bytes', (c) => asJson({ ...c, more: 'x'.repeat(70_000) })],
  ])('are refused for JSON %s', async (_, body) => {
    expect(await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body })).toMatchObject(BAD);
  });

  it.each([FORM, JSON_TYPE])('are read no further than 64 KiB, as %s', async (type) => {
    const body = (c: Record<string, string>) => (type === FORM ? asForm : asJson)({ ...c, more: 'x'.repeat(70_000) });
    expect(await ask({ jsonTokenRequests: true }, { type, body })).toMatchObject({
      ...BAD,
      body: { error_description: 'the request body is too large' },
    });
  });

  it('leave out what is null', async () => {
    expect(await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body: (c) => asJson({ ...c, scope: null }) })).toMatchObject(GOOD);
  });

  it('are for the token endpoint alone', async () => {
    const body = (c: Record<string, string>) => asJson({ ...c, token: 'x' });
    expect(await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body, path: '/oauth/revoke' })).toMatchObject(BAD);
  });
});

it('forms that call themselves JSON are taken where the compatibility has them', async () => {
  expect(await ask({ formUnderJsonContentType: true }, { type: JSON_TYPE, body: asForm })).toMatchObject(GOOD);
  expect(await ask({ formUnderJsonContentType: true }, { type: JSON_TYPE, body: asJson })).toMatchObject(BAD);
  expect(await ask(undefined, { type: JSON_TYPE, body: asForm })).toMatchObject(BAD);
});

describe('scopes with commas', () => {
  const body = (scope: string) => (c: Record<string, string>) => asForm({ ...c, scope });

  test.each(['domains:read,billing:read', 'domains:read, billing:read', 'domains:read billing:read', ',domains:read,,billing:read,'])(
    '%j are two where the compatibility has them',
    async (scope) => {
      const answer = await ask({ commaSeparatedScopes: true }, { type: FORM, body: body(scope) });
      expect(answer).toMatchObject({ status: 200, body: { scope: 'domains:read billing:read' } });
    },
  );

  it('are one unknown scope where it has not', async () => {
    expect(await ask(undefined, { type: FORM, body: body('domains:read,billing:read') })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it('are told apart in an authorization request too', async () => {
    const issuing = await startIssuing({ compatibility: { commaSeparatedScopes: true } });
    servers.push(issuing);
    const { client } = await issuing.server.clients.register({
      name: 'Watch',
      scopes: ['domains:read', 'billing:read'],
      redirectUris: ['https://app.example/callback'],
    });
    const response = await fetch(issuing.authorizeUrl(client, { scope: 'domains:read,billing:read' }), { redirect: 'manual' });
    expect(response.headers.get('location')).toMatch(/^\/oauth\/interaction\//);
  });
});

it('a token request at the authorization endpoint is one where the compatibility has it', async () => {
  expect(await ask({ tokenAtAuthorize: true }, { type: FORM, body: asForm, path: '/oauth/authorize' })).toMatchObject(GOOD);
  expect(await ask(undefined, { type: FORM, body: asForm, path: '/oauth/authorize' })).toMatchObject({ status: 405 });
  expect(await ask({ tokenAtAuthorize: true }, { type: FORM, body: asForm, path: '/oauth/authorize/step' })).toMatchObject({ status: 405 });
});

it('two Authorization headers are refused', async () => {
  const issuing = await startIssuing();
  servers.push(issuing);
  const { request } = await import('node:http');
  const status = await new Promise((resolve) => {
    const headers = [
      'Host',
      'x',
      'Authorization',
      'Basic YTpi',
      'Authorization',
      'Basic YTpi',
      'Content-Type',
      FORM,
      'Content-Length',
      '0',
    ];
    request(`${issuing.origin}/oauth/token`, { method: 'POST', headers }, (response) => resolve(response.resume().statusCode)).end();
  });
  expect(status).toBe(400);
});
