import { apiKeys, findAuth, getAuth, latchkey, memoryStore, type Principal } from 'latchkey';

import { MOUNTS } from '../support/servers';
import { ask, get } from './ask';

const keys = apiKeys({ prefix: 'osir', store: memoryStore() });
const { authenticate } = latchkey({ verifiers: [keys] });

describe.each(Object.entries(MOUNTS))('in a handler on %s', (_, mount) => {
  it('getAuth and findAuth give the principal that the guard proved, which req.auth is', async () => {
    const { secret, record } = await keys.issue({
      subject: 'acct_42',
      scopes: ['domains:read'],
      metadata: { plan: 'pro' },
    });
    let seen: unknown[] = [];
    const app = mount([authenticate()], (req, res) => {
      seen = [getAuth(req), findAuth(req), (req as { auth?: Principal }).auth];
      res.end();
    });
    await ask(app, get(`X-API-Key: ${secret}`));
    expect(seen[0]).toEqual({
      kind: 'api_key',
      verifier: 'api_keys',
      subject: 'acct_42',
      credentialId: record.id,
      environment: 'live',
      scopes: ['domains:read'],
      claims: { plan: 'pro' },
    });
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toBe(seen[0]);
  });

  it('getAuth() throws and findAuth() returns undefined if a guard passed an anonymous request', async () => {
    let found: unknown = 'nothing yet';
    const app = mount([authenticate({ optional: true })], (req, res) => {
      found = findAuth(req);
      expect(() => getAuth(req)).toThrow(
        new Error(
          'getAuth(): no principal on this request: put a guard before the handler, or use findAuth() where one is optional',
        ),
      );
      res.end('anonymous');
    });
    expect(await ask(app, get())).toMatchObject({ status: 200 });
    expect(found).toBeUndefined();
  });
});

it('getAuth() throws and findAuth() returns undefined without a guard', () => {
  expect(findAuth({})).toBeUndefined();
  expect(() => getAuth({})).toThrow('getAuth(): no principal on this request');
});
