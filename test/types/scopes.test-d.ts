// Compiled by `npm run types`, never run: what is no error here, or one too few, fails it.
import { expectTypeOf } from 'expect-type';
import { apiKeys, type Latchkey, latchkey, memoryStore, type ScopeName } from 'latchkey';
import { fakeAuth } from 'latchkey/testing';

const verifiers = [apiKeys({ prefix: 'osir', store: memoryStore() })];
const request = { headers: {} };

// A record of scopes
{
  const api = latchkey({
    scopes: {
      'domains:read': 'View domains',
      'domains:write': { description: 'Manage domains', implies: ['domains:read'] },
    },
    verifiers,
  });
  expectTypeOf(api).toEqualTypeOf<Latchkey<'domains:read' | 'domains:write'>>();
  const { requireScopes, requireAnyScope, check } = api;

  requireScopes('domains:read');
  requireScopes('domains:read', 'domains:write');
  requireAnyScope('domains:write', 'domains:read');
  void check(request, { scopes: ['domains:read'] });
  void check(request, { scopes: [] });

  // @ts-expect-error -- misspelt
  requireScopes('domains:wrte');
  // @ts-expect-error -- misspelt beside a good one
  requireScopes('domains:read', 'domains:wrte');
  // @ts-expect-error -- other case
  requireScopes('Domains:Read');
  // @ts-expect-error -- two in one string
  requireScopes('domains:read domains:write');
  // @ts-expect-error -- a list
  requireScopes(['domains:read']);
  // @ts-expect-error -- none
  requireScopes();
  // @ts-expect-error -- any string
  requireScopes(String('domains:read'));
  // @ts-expect-error -- misspelt
  requireAnyScope('domains:wrte');
  // @ts-expect-error -- none
  requireAnyScope();
  // @ts-expect-error -- misspelt
  void check(request, { scopes: ['domains:wrte'] });
  // @ts-expect-error -- one that is no list
  void check(request, { scopes: 'domains:read' });
  // @ts-expect-error -- a misspelt option
  void check(request, { scope: ['domains:read'] });
}

// A list of scopes
{
  const { requireScopes } = latchkey({ scopes: ['read', 'write'], verifiers });
  expectTypeOf<Parameters<typeof requireScopes>[0]>().toEqualTypeOf<'read' | 'write'>();
  // @ts-expect-error -- misspelt
  requireScopes('wrte');

  const declared = ['read', 'write'] as const;
  expectTypeOf(latchkey({ scopes: declared, verifiers })).toEqualTypeOf<
    Latchkey<'read' | 'write'>
  >();
  // Known at run time alone: the compiler cannot tell, latchkey() does.
  const loaded: string[] = [];
  expectTypeOf(latchkey({ scopes: loaded, verifiers })).toEqualTypeOf<Latchkey<string>>();
}

// No scopes: any may be required, but never none
{
  const api = latchkey({ verifiers });
  expectTypeOf(api).toEqualTypeOf<Latchkey<string>>();
  api.requireScopes('whatever', 'you:like');
  // @ts-expect-error -- none
  api.requireScopes();
  // @ts-expect-error -- no string
  api.requireScopes(7);
}

// A wrong declaration
{
  // @ts-expect-error -- a string
  latchkey({ scopes: 'read', verifiers });
  // @ts-expect-error -- a number for a description
  latchkey({ scopes: { read: 7 }, verifiers });
  // @ts-expect-error -- implies is a list
  latchkey({ scopes: { read: { implies: 'write' } }, verifiers });
  // @ts-expect-error -- a number among the names
  latchkey({ scopes: ['read', 7], verifiers });
}

// Guards for tests know the same names
{
  const { requireScopes } = fakeAuth({ scopes: ['read'] }, { scopes: ['read', 'write'] });
  requireScopes('write');
  // @ts-expect-error -- misspelt
  requireScopes('wrte');
  fakeAuth(undefined).requireScopes('whatever');
  // @ts-expect-error -- a fake brings its own verifier
  fakeAuth({}, { verifiers });
  // @ts-expect-error -- no member of a principal
  fakeAuth({ subjekt: 'acct_42' });
}

expectTypeOf<ScopeName<never>>().toEqualTypeOf<string>();
expectTypeOf<ScopeName<readonly ['a', 'b']>>().toEqualTypeOf<'a' | 'b'>();
expectTypeOf<ScopeName<{ a: string; b: { implies: ['a'] } }>>().toEqualTypeOf<'a' | 'b'>();
