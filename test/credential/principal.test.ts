import { type Principal, toAuthInfo } from 'latchkey';

import { freezePrincipal } from '../../src/credential/principal';

const principal: Principal = {
  kind: 'api_key',
  verifier: 'api_keys',
  subject: 'acct_42',
  scopes: ['domains:read'],
  claims: { plan: { name: 'pro', limits: [1, 2] }, none: null },
};

describe('a sealed principal', () => {
  it('is an equal copy that shares nothing with the original', () => {
    const sealed = freezePrincipal(principal);
    expect(sealed).toEqual(principal);
    (principal.scopes as string[]).push('billing:write');
    (principal.claims.plan as { name: string }).name = 'free';
    expect(sealed.scopes).toEqual(['domains:read']);
    expect(sealed.claims).toEqual({ plan: { name: 'pro', limits: [1, 2] }, none: null });
  });

  it('is frozen to the last object in it', () => {
    const sealed = freezePrincipal({ ...principal, claims: { a: [{ b: { c: [] } }] } });
    const reachable = (value: unknown): unknown[] =>
      typeof value === 'object' && value !== null
        ? [value, ...Object.values(value).flatMap(reachable)]
        : [];
    const objects = reachable(sealed);
    expect(objects).toHaveLength(7);
    expect(objects.filter((object) => !Object.isFrozen(object))).toEqual([]);
  });

  it('holds no Date, which freezing could not hold', () => {
    const sealed = freezePrincipal({ ...principal, claims: { since: new Date(0) } });
    expect(sealed.claims).toEqual({ since: '1970-01-01T00:00:00.000Z' });
  });

  it('keeps claims by the names of what every object inherits, and inherits none of them', () => {
    const claims = JSON.parse(
      '{"__proto__":{"admin":true},"constructor":"x","toString":1}',
    ) as Record<string, unknown>;
    const sealed = freezePrincipal({ ...principal, claims });
    expect(Object.keys(sealed.claims)).toEqual(['constructor', 'toString']);
    expect(sealed.claims.admin).toBeUndefined();
    expect(({} as Record<string, unknown>).admin).toBeUndefined();
  });
});

describe('toAuthInfo', () => {
  it('gives seconds, and the client that the token was issued to', () => {
    expect(
      toAuthInfo(
        {
          ...principal,
          scopes: ['a', 'b'],
          clientId: 'app',
          issuer: 'https://osir.com',
          expiresAt: 1_999,
        },
        'the token',
      ),
    ).toEqual({
      token: 'the token',
      clientId: 'app',
      scopes: ['a', 'b'],
      expiresAt: 1,
      extra: {
        subject: 'acct_42',
        kind: 'api_key',
        issuer: 'https://osir.com',
        claims: principal.claims,
      },
    });
  });

  it('gives a key without an end an hour, and without a client its subject', () => {
    jest.useFakeTimers({ now: 1_000_000 });
    const info = toAuthInfo(principal, 't');
    jest.useRealTimers();
    expect(info).toMatchObject({ clientId: 'acct_42', expiresAt: 1_000 + 3_600 });
  });

  it('copies the scopes, which the SDK may change', () => {
    const sealed = freezePrincipal({ ...principal, scopes: ['a'] });
    toAuthInfo(sealed, 't').scopes.push('b');
    expect(sealed.scopes).toEqual(['a']);
  });
});
