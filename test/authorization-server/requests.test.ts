import express from 'express';
import type { ClientCompatibility, RegisteredClient } from 'latchkey/authorization-server';

import { answerOf, type Issuing, startIssuing } from '../support/issuing';

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
  }: {
    type: string;
    body: (c: Record<string, string>) => string;
    before?: express.RequestHandler[];
    path?: string;
  },
) {
  const issuing = await startIssuing({
    before,
    ...(compatibility && { compatibility: compatibility }),
  });
  servers.push(issuing);
  const { client, secret = '' }: RegisteredClient = await issuing.server.clients.register({
    name: 'Nightly',
    scopes: ['domains:read', 'billing:read'],
  });
  const credentials = {
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: secret,
  };
  return answerOf(
    await fetch(issuing.origin + path, {
      method: 'POST',
      headers: { 'content-type': type },
      body: body(credentials),
    }),
  );
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
    expect(
      await ask(undefined, { type: FORM, body: (parameters) => asForm(parameters) + more, before }),
    ).toMatchObject(BAD);
  });

  it('as JSON is rejected without the compatibility option', async () => {
    expect(
      await ask(undefined, { type: JSON_TYPE, body: asJson, before: [express.json()] }),
    ).toMatchObject(BAD);
  });

  it('as JSON is taken by its compatibility', async () => {
    expect(
      await ask(
        { jsonTokenRequests: true },
        { type: JSON_TYPE, body: asJson, before: [express.json()] },
      ),
    ).toMatchObject(GOOD);
  });
});

describe('token requests as JSON', () => {
  it('are taken where the compatibility has them, and forms still are', async () => {
    expect(
      await ask({ jsonTokenRequests: true }, { type: `${JSON_TYPE}; charset=utf-8`, body: asJson }),
    ).toMatchObject(GOOD);
    expect(await ask({ jsonTokenRequests: true }, { type: FORM, body: asForm })).toMatchObject(
      GOOD,
    );
  });

  test.each<[string, (c: Record<string, string>) => string]>([
    ['that is none', () => '{'],
    ['that is a list', (c) => asJson([c])],
    ['that is a word', () => '"client_credentials"'],
    ['that is null', () => 'null'],
    ['that is a form', asForm],
    ['with a number', (c) => asJson({ ...c, scope: 7 })],
    ['with an object', (c) => asJson({ ...c, scope: { a: 1 } })],
    [
      'with a list for a parameter',
      (c) => asJson({ ...c, scope: ['domains:read', 'billing:read'] }),
    ],
    ['that is empty', () => ''],
    ['of too many bytes', (c) => asJson({ ...c, more: 'x'.repeat(70_000) })],
  ])('are refused for JSON %s', async (_, body) => {
    expect(await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body })).toMatchObject(BAD);
  });

  it.each([FORM, JSON_TYPE])('are read no further than 64 KiB, as %s', async (type) => {
    const body = (c: Record<string, string>) =>
      (type === FORM ? asForm : asJson)({ ...c, more: 'x'.repeat(70_000) });
    expect(await ask({ jsonTokenRequests: true }, { type, body })).toMatchObject({
      ...BAD,
      body: { error_description: 'the request body is too large' },
    });
  });

  test.each<[string, (c: Record<string, string>) => string]>([
    ['that names a parameter twice', (c) => asJson(c).replace('{', '{"grant_type":"password",')],
    [
      'that names a parameter twice with the same value',
      (c) => asJson(c).replace('}', ',"grant_type":"client_credentials"}'),
    ],
    [
      'that names a parameter twice, once escaped',
      (c) => asJson(c).replace('{', '{"grant\\u005ftype":"password",'),
    ],
    [
      'that names a parameter twice, with spaces',
      (c) => asJson(c).replace('{', '{ "grant_type" \n : "password" ,'),
    ],
    ['that names an unknown parameter twice', (c) => asJson(c).replace('{', '{"a":"1","a":"1",')],
    [
      'that names a parameter twice, once as null',
      (c) => asJson(c).replace('{', '{"scope":null,"scope":"domains:read",'),
    ],
    ['with half of a surrogate pair', (c) => asJson(c).replace('{', '{"state":"\\ud800",')],
    ['with half of a surrogate pair in a name', (c) => asJson(c).replace('{', '{"\\udfff":"x",')],
  ])('are refused for JSON %s', async (_, body) => {
    expect(await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body })).toMatchObject(BAD);
  });

  it('may have text in a value that looks like a member', async () => {
    const body = (c: Record<string, string>) =>
      asJson({ ...c, state: '"scope":"a","scope":"b"', note: 'a "b": \\' });
    expect(await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body })).toMatchObject(GOOD);
  });

  it('leave out what is null', async () => {
    expect(
      await ask(
        { jsonTokenRequests: true },
        { type: JSON_TYPE, body: (c) => asJson({ ...c, scope: null }) },
      ),
    ).toMatchObject(GOOD);
  });

  it('are for the token endpoint alone', async () => {
    const body = (c: Record<string, string>) => asJson({ ...c, token: 'x' });
    expect(
      await ask({ jsonTokenRequests: true }, { type: JSON_TYPE, body, path: '/oauth/revoke' }),
    ).toMatchObject(BAD);
  });
});

it('forms that call themselves JSON are taken where the compatibility has them', async () => {
  expect(
    await ask({ formUnderJsonContentType: true }, { type: JSON_TYPE, body: asForm }),
  ).toMatchObject(GOOD);
  expect(
    await ask({ formUnderJsonContentType: true }, { type: JSON_TYPE, body: asJson }),
  ).toMatchObject({
    ...BAD,
    body: {
      error_description: 'the request body must be a form: token requests as JSON are not enabled',
    },
  });
  const both = { formUnderJsonContentType: true, jsonTokenRequests: true };
  for (const body of [asForm, asJson]) {
    expect(await ask(both, { type: JSON_TYPE, body })).toMatchObject(GOOD);
  }
  expect(await ask(undefined, { type: JSON_TYPE, body: asForm })).toMatchObject(BAD);
});

describe('bytes that are not UTF-8', () => {
  const latin1 = (text: string) => Buffer.from(text, 'latin1') as unknown as string;
  test.each<[string, string, (c: Record<string, string>) => string]>([
    ['in JSON', JSON_TYPE, (c) => latin1(asJson({ ...c, state: 'caf\u00e9' }))],
    ['in the secret of JSON', JSON_TYPE, (c) => latin1(asJson({ ...c, client_secret: '\u00ff' }))],
    ['in a form', FORM, (c) => latin1(`${asForm(c)}&state=caf\u00e9`)],
    ['percent-encoded in a form', FORM, (c) => `${asForm(c)}&state=caf%E9`],
    ['percent-encoded in a name', FORM, (c) => `${asForm(c)}&caf%e9=x`],
    ['cut in two by an ampersand', FORM, (c) => `${asForm(c)}&a=%C3&%A9=x`],
    ['as an encoded surrogate', FORM, (c) => `${asForm(c)}&state=%ED%A0%80`],
    ['in a form under JSON', JSON_TYPE, (c) => `${asForm(c)}&state=caf%E9`],
  ])('are refused: %s', async (_, type, body) => {
    const compatibility = { jsonTokenRequests: true, formUnderJsonContentType: true };
    expect(await ask(compatibility, { type, body })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });

  test.each(['caf%C3%A9', 'caf\u00e9', '%F0%9F%94%91', '%EF%BF%BD', '100%', '%zz', 'a+b'])(
    'are not those of %j',
    async (value) => {
      expect(
        await ask(undefined, { type: FORM, body: (c) => `${asForm(c)}&state=${value}` }),
      ).toMatchObject(GOOD);
    },
  );
});

describe('a body that is no form', () => {
  test.each([
    'hello',
    '{"grant_type":"client_credentials"}',
    '["a=b"]',
    '<a b="c"/>',
    '--x\r\nContent-Disposition: form-data; name="a"\r\n',
  ])('is invalid_request: %j', async (body) => {
    expect(await ask(undefined, { type: FORM, body: () => body })).toMatchObject(BAD);
  });
});

describe('scopes with commas', () => {
  const body = (scope: string) => (c: Record<string, string>) => asForm({ ...c, scope });

  test.each([
    'domains:read,billing:read',
    'domains:read, billing:read',
    'domains:read billing:read',
    ',domains:read,,billing:read,',
  ])('%j are two where the compatibility has them', async (scope) => {
    const answer = await ask({ commaSeparatedScopes: true }, { type: FORM, body: body(scope) });
    expect(answer).toMatchObject({ status: 200, body: { scope: 'domains:read billing:read' } });
  });

  it('are one unknown scope where it has not', async () => {
    expect(
      await ask(undefined, { type: FORM, body: body('domains:read,billing:read') }),
    ).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it('are distinguished in an authorization request too', async () => {
    const issuing = await startIssuing({ compatibility: { commaSeparatedScopes: true } });
    servers.push(issuing);
    const { client } = await issuing.server.clients.register({
      name: 'Watch',
      scopes: ['domains:read', 'billing:read'],
      redirectUris: ['https://app.example/callback'],
    });
    const response = await fetch(
      issuing.authorizeUrl(client, { scope: 'domains:read,billing:read' }),
      { redirect: 'manual' },
    );
    expect(response.headers.get('location')).toMatch(/^\/oauth\/interaction\//);
  });
});

it('a token request at the authorization endpoint is one where the compatibility has it', async () => {
  expect(
    await ask({ tokenAtAuthorize: true }, { type: FORM, body: asForm, path: '/oauth/authorize' }),
  ).toMatchObject(GOOD);
  expect(
    await ask(undefined, { type: FORM, body: asForm, path: '/oauth/authorize' }),
  ).toMatchObject({ status: 405 });
  expect(
    await ask(
      { tokenAtAuthorize: true },
      { type: FORM, body: asForm, path: '/oauth/authorize/step' },
    ),
  ).toMatchObject({ status: 405 });
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
    request(`${issuing.origin}/oauth/token`, { method: 'POST', headers }, (response) =>
      resolve(response.resume().statusCode),
    ).end();
  });
  expect(status).toBe(400);
});
