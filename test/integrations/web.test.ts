import { apiKeys, latchkey, memoryStore, type Refusal } from 'latchkey';
import { toResponse, webGuard, withHeaders } from 'latchkey/web';

const keys = apiKeys({ prefix: 'acme', store: memoryStore() });
const guards = latchkey({ scopes: ['read', 'write'], verifiers: [keys] });
const guard = webGuard(guards);
let secret: string;

beforeAll(async () => {
  secret = (await keys.issue({ subject: 'acct_42', scopes: ['read'] })).secret;
});

const requestWith = (headers: Record<string, string> = {}, method = 'GET') =>
  new Request('https://api.example.com/domains', { headers, method });
const authorized = () => requestWith({ Authorization: `Bearer ${secret}` });

describe('webGuard()', () => {
  test('returns the principal and the headers of the response', async () => {
    expect(await guard(requestWith({ 'X-API-Key': secret }), { scopes: ['read'] })).toMatchObject({
      principal: { subject: 'acct_42' },
      headers: { Vary: 'X-API-Key', 'Cache-Control': 'private' },
    });
  });

  test('requires a credential without any option', async () => {
    const response = (await guard(requestWith())) as Response;
    expect(response.status).toBe(401);
    expect(response.headers.get('WWW-Authenticate')).toBe('Bearer realm="api"');
    expect(await response.json()).toEqual({
      error: 'unauthorized',
      message: 'Invalid or missing API key',
    });
  });

  test('lets an anonymous request pass where the guard is optional', async () => {
    expect(await guard(requestWith(), { optional: true })).toEqual({
      principal: undefined,
      headers: { Vary: 'Authorization, X-API-Key' },
    });
  });

  test('responds with 403 to a principal without the scope', async () => {
    const response = (await guard(authorized(), { scopes: ['read', 'write'] })) as Response;
    expect(response.status).toBe(403);
  });

  test('applies another guard', async () => {
    const any = guards.requireAnyScope('read', 'write');
    expect(await guard(authorized(), { guard: any })).not.toBeInstanceOf(Response);
    const denied = await guard(authorized(), { guard: guards.authorize(() => false) });
    expect(denied).toBeInstanceOf(Response);
  });

  test('passes the web request to a policy', async () => {
    const request = authorized();
    const seen: unknown[] = [];
    const policy = guards.authorize((_principal, received) => seen.push(received) > 0);
    await guard(request, { guard: policy });
    expect(seen).toEqual([request]);
  });

  test('sends no body in response to HEAD', async () => {
    const response = (await guard(requestWith({}, 'HEAD'))) as Response;
    expect([response.status, await response.text()]).toEqual([401, '']);
  });

  test.each([
    [{ scopes: 'read' }, 'option "scopes" must be a non-empty list of scopes'],
    [{ scopes: [] }, 'option "scopes" must be'],
    [{ scope: ['read'] }, 'unknown option "scope"'],
    [{ optional: 1 }, 'option "optional" must be true or false'],
    [{ guard: () => undefined }, 'option "guard" must be'],
    [{ optional: true, scopes: ['read'] }, 'pass only one of'],
  ])('rejects the options %j', async (options, message) => {
    await expect(guard(authorized(), options as never)).rejects.toMatchObject({
      code: 'ERR_LATCHKEY_OPTION',
      message: expect.stringContaining(message) as string,
    });
  });

  test('rejects anything but the guards', () => {
    expect(() => webGuard({ check: () => undefined } as never)).toThrow(
      expect.objectContaining({ code: 'ERR_LATCHKEY_OPTION' }),
    );
  });
});

describe('toResponse()', () => {
  test('keeps several lines of one header', () => {
    const refusal: Refusal = {
      status: 401,
      headers: { 'WWW-Authenticate': ['Bearer', 'DPoP algs="ES256"'] },
      body: '{}',
    };
    expect(toResponse(refusal).headers.get('WWW-Authenticate')).toBe('Bearer, DPoP algs="ES256"');
  });
});

describe('withHeaders()', () => {
  const headers = { Vary: 'X-API-Key', 'Cache-Control': 'private' };

  test('adds the headers to the response', () => {
    const response = new Response('ok');
    expect(withHeaders(response, headers)).toBe(response);
    expect([...response.headers]).toEqual(
      expect.arrayContaining([
        ['vary', 'X-API-Key'],
        ['cache-control', 'private'],
      ]),
    );
  });

  test('extends Vary, and keeps Cache-Control', () => {
    const response = new Response('ok', {
      headers: { Vary: 'Origin', 'Cache-Control': 'no-store' },
    });
    withHeaders(response, headers);
    expect(response.headers.get('Vary')).toBe('Origin, X-API-Key');
    expect(response.headers.get('Cache-Control')).toBe('no-store');
  });

  test('copies a response with immutable headers', () => {
    const redirect = Response.redirect('https://api.example.com/', 302);
    const response = withHeaders(redirect, headers);
    expect([response.status, response.headers.get('Vary')]).toEqual([302, 'X-API-Key']);
    expect(response.headers.get('Location')).toBe('https://api.example.com/');
  });
});
