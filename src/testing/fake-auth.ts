import * as z from 'zod/mini';

import type { Principal } from '../credential/principal';
import type { ScopeDeclaration, ScopeName } from '../credential/scopes';
import { check, checkOptions, nonEmptyString } from '../internal/options';
import { isObject } from '../internal/type-guards';
import { type Latchkey, latchkey } from '../latchkey';
import type { LatchkeyOptions } from '../latchkey-options';

/**
 * A principal for tests. Members that you leave out get a default: the kind `'api_key'`, the
 * subject `'fake'`, no scopes and no claims.
 */
export type FakePrincipal = Partial<Principal>;

const isListOfStrings = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'string');

const principalSchema = z.optional(
  z.strictObject({
    kind: z.optional(nonEmptyString),
    verifier: z.optional(nonEmptyString),
    subject: z.optional(nonEmptyString),
    issuer: z.optional(nonEmptyString),
    clientId: z.optional(nonEmptyString),
    credentialId: z.optional(nonEmptyString),
    environment: z.optional(nonEmptyString),
    scopes: z.optional(check('a list of scopes', isListOfStrings)),
    expiresAt: z.optional(check('a time in milliseconds since the epoch', Number.isFinite)),
    claims: z.optional(check('an object', isObject)),
  }),
);

/**
 * The options of `latchkey()`, which checks their values. The last three are replaced: so the
 * options of an app can be passed as they are.
 */
const optionsSchema = z.strictObject({
  scopes: z.optional(z.unknown()),
  realm: z.optional(z.unknown()),
  resource: z.optional(z.unknown()),
  timeoutMs: z.optional(z.unknown()),
  clientCertificate: z.optional(z.unknown()),
  body: z.optional(z.unknown()),
  verifiers: z.optional(z.unknown()),
  extractors: z.optional(z.unknown()),
  cache: z.optional(z.unknown()),
});

/**
 * Creates guards that authenticate every request as `principal`, whatever credential it has. Use
 * them to test an app whose guards are an argument. Apart from that they work like the
 * guards of `latchkey()`: a scope that the principal lacks is 403.
 *
 * @param principal - who every request is from; undefined for requests without a credential
 * @param options - the options of `latchkey()`; `verifiers`, `extractors` and `cache` are replaced
 * @returns what `latchkey()` returns
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option or a member of the principal is invalid or
 * unknown
 *
 * @example
 * const app = createApp(fakeAuth({ subject: 'acct_42', scopes: ['domains:read'] }));
 */
export function fakeAuth<const S extends ScopeDeclaration = never>(
  principal: FakePrincipal | undefined,
  options: Omit<LatchkeyOptions<S>, 'verifiers' | 'extractors' | 'cache'> = {},
): Latchkey<ScopeName<S>> {
  checkOptions('fakeAuth(principal)', principalSchema, principal);
  checkOptions('fakeAuth()', optionsSchema, options);
  const complete: Principal = {
    kind: 'api_key',
    verifier: 'fake',
    subject: 'fake',
    scopes: [],
    claims: {},
    ...principal,
  };
  return latchkey<S>({
    ...options,
    cache: false,
    extractors: [
      { name: 'fake', scheme: 'Bearer', extract: () => (principal ? 'fake' : undefined) },
    ],
    verifiers: [
      {
        name: complete.verifier,
        accepts: () => true,
        verify: () => ({ ok: true, principal: complete }),
      },
    ],
  });
}
