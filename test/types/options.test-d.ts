import type { KeyObject, webcrypto } from 'node:crypto';

import { expectTypeOf } from 'expect-type';
import type { JSONWebKeySet, JWK } from 'jose';
import {
  accessTokens,
  apiKeyHeader,
  apiKeys,
  bearer,
  cookie,
  type CredentialReader,
  type CredentialStore,
  type Extractor,
  type Jwk,
  type JwkSet,
  jwt,
  latchkey,
  type ManagedVerifier,
  memoryStore,
  type PublicRecord,
  queryParameter,
  sessionTokens,
  type StateStore,
  type StoredVerifier,
  type Verification,
  type Verifier,
} from 'latchkey';

const store = memoryStore();
const keys = apiKeys({ prefix: 'osir', store });
const reader: CredentialReader = { find: async () => undefined };

// latchkey()
{
  latchkey({
    verifiers: [keys],
    extractors: [bearer(), apiKeyHeader(), queryParameter('key'), cookie('sid', { origins: [] })],
  });
  latchkey({
    verifiers: [keys],
    cache: { ttlMs: 1 },
    timeoutMs: 1,
    realm: 'The API',
    body: () => ({ code: 1 }),
  });
  latchkey({
    verifiers: [keys],
    cache: false,
    body: ({ status }) => ({ contentType: 'application/problem+json', json: { status } }),
  });
  latchkey({ verifiers: [keys] as readonly Verifier[], resource: { url: 'https://api.osir.com' } });

  // @ts-expect-error -- no verifiers
  latchkey({});
  // @ts-expect-error -- no list
  latchkey({ verifiers: keys });
  // @ts-expect-error -- a factory that was not called
  latchkey({ verifiers: [apiKeys] });
  // @ts-expect-error -- misspelt
  latchkey({ verifiers: [keys], extractor: [bearer()] });
  // @ts-expect-error -- neither limits nor false
  latchkey({ verifiers: [keys], cache: true });
  // @ts-expect-error -- without its unit
  latchkey({ verifiers: [keys], cache: { ttl: 30 } });
  // @ts-expect-error -- a string
  latchkey({ verifiers: [keys], timeoutMs: '1000' });
  // @ts-expect-error -- no function
  latchkey({ verifiers: [keys], body: { code: 1 } });
  // @ts-expect-error -- no object
  latchkey({ verifiers: [keys], body: () => 'unauthorized' });
  // @ts-expect-error -- no url
  latchkey({ verifiers: [keys], resource: { name: 'The API' } });
  const url = 'https://api.osir.com';
  // @ts-expect-error -- the name on the wire
  latchkey({ verifiers: [keys], resource: { url, authorization_servers: [] } });
}

// Extractors
{
  expectTypeOf(bearer()).toEqualTypeOf<Extractor>();
  expectTypeOf(apiKeyHeader('X-Key')).toEqualTypeOf<Extractor>();
  // @ts-expect-error -- off until named
  queryParameter();
  // @ts-expect-error -- off until named
  cookie();
  // @ts-expect-error -- misspelt
  cookie('sid', { origin: [] });
  // @ts-expect-error -- no list
  cookie('sid', { origins: 'https://app.example.com' });

  expectTypeOf({ name: 'own', extract: () => undefined }).toExtend<Extractor>();
  expectTypeOf({ name: 'own', scheme: 'DPoP' as const, extract: () => 'x' }).toExtend<Extractor>();
  // @ts-expect-error -- a scheme that has no challenge
  expectTypeOf({ name: 'own', scheme: 'Basic' as const, extract: () => 'x' }).toExtend<Extractor>();
  // @ts-expect-error -- a credential that is no string
  expectTypeOf({ name: 'own', extract: () => 7 }).toExtend<Extractor>();
}

// A store that only reads proves; one that writes also runs the life of what it holds
{
  expectTypeOf(store).toExtend<CredentialStore & StateStore>();
  expectTypeOf(apiKeys({ prefix: 'osir', store })).toEqualTypeOf<ManagedVerifier>();
  expectTypeOf(accessTokens({ prefix: 'osir', store })).toEqualTypeOf<ManagedVerifier>();
  expectTypeOf(sessionTokens({ prefix: 'osir', store })).toEqualTypeOf<ManagedVerifier>();
  expectTypeOf(apiKeys({ prefix: 'osir', store: reader })).toEqualTypeOf<StoredVerifier>();
  expectTypeOf(accessTokens({ prefix: 'osir', store: reader })).toEqualTypeOf<StoredVerifier>();
  expectTypeOf(sessionTokens({ prefix: 'osir', store: reader })).toEqualTypeOf<StoredVerifier>();
  // @ts-expect-error -- a reader issues nothing
  void apiKeys({ prefix: 'osir', store: reader }).issue({ subject: 's', scopes: [] });
  // @ts-expect-error -- no store
  apiKeys({ prefix: 'osir' });
  // @ts-expect-error -- no prefix
  apiKeys({ store });
  // @ts-expect-error -- misspelt
  apiKeys({ prefix: 'osir', store, enviroment: 'live' });
  // @ts-expect-error -- keys do not expire by themselves
  apiKeys({ prefix: 'osir', store, ttlMs: 1 });
  // @ts-expect-error -- no whole subject
  void keys.issue({ scopes: [] });
  // @ts-expect-error -- whose?
  void keys.revokeAll({});
  // @ts-expect-error -- of the one or of the other?
  void keys.revokeAll({ subject: 'acct_42', clientId: 'client_7' });
  expectTypeOf<PublicRecord>().toHaveProperty('hint').toBeString();
  // @ts-expect-error -- a digest is for the store alone
  expectTypeOf<PublicRecord>().toHaveProperty('digest');
}

// jwt()
{
  const options = {
    issuer: 'https://osir.com',
    audience: 'https://api.osir.com',
    algorithms: ['RS256'],
    key: 'PEM',
  } as const;
  expectTypeOf(jwt(options)).toEqualTypeOf<Verifier>();
  jwt({ ...options, issuer: ['a', 'b'], audience: ['c'], profile: 'rfc9068', typ: ['at+jwt'] });

  const { algorithms: _, key: __, ...discovered } = options;
  jwt(discovered);
  jwt({ ...discovered, jwksUri: 'https://osir.com/jwks', remote: { ttlMs: 1_000, fetch } });
  // @ts-expect-error -- a misspelt option
  jwt({ ...discovered, remote: { ttl: 1_000 } });
  // @ts-expect-error -- no algorithm
  jwt({ ...options, algorithms: ['none'] });
  // @ts-expect-error -- other case
  jwt({ ...options, algorithms: ['rs256'] });
  // @ts-expect-error -- no list
  jwt({ ...options, algorithms: 'RS256' });
  // @ts-expect-error -- a pattern
  jwt({ ...options, audience: /osir/ });
  // @ts-expect-error -- a string
  jwt({ ...options, clockToleranceMs: '60' });
  // @ts-expect-error -- jsonwebtoken's name
  jwt({ ...options, clockTolerance: 60 });
  expectTypeOf(({} as KeyObject).export({ format: 'jwk' })).toExtend<Jwk>();
  expectTypeOf<webcrypto.JsonWebKey>().toExtend<Jwk>();
  expectTypeOf<JWK>().toExtend<Jwk>();
  expectTypeOf<JSONWebKeySet>().toExtend<JwkSet>();
  // @ts-expect-error -- no key
  jwt({ ...options, key: 42 });
  // @ts-expect-error -- a key of Web Crypto
  void ((key: webcrypto.CryptoKey) => jwt({ ...options, key }));
  // @ts-expect-error -- a set of keys
  jwt({ ...options, key: { keys: [] } });
  // @ts-expect-error -- another profile
  jwt({ ...options, profile: 'oidc' });
}

// A verifier of your own
{
  const refused: Verification = { ok: false, reason: 'unknown' };
  expectTypeOf({ name: 'own', accepts: () => true, verify: () => refused }).toExtend<Verifier>();
  expectTypeOf({
    name: 'own',
    accepts: () => true,
    verify: async () => refused,
  }).toExtend<Verifier>();
  const asynchronous = { name: 'own', accepts: async () => true, verify: () => refused };
  // @ts-expect-error -- accepts() must be synchronous
  expectTypeOf(asynchronous).toExtend<Verifier>();
  // @ts-expect-error -- no reason that there is
  expectTypeOf<{ ok: false; reason: 'nope' }>().toExtend<Verification>();
  // @ts-expect-error -- a refusal without a reason
  expectTypeOf<{ ok: false }>().toExtend<Verification>();
  // @ts-expect-error -- a proof of nobody
  expectTypeOf<{ ok: true }>().toExtend<Verification>();
}
