import * as z from 'zod';

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

const principalSchema = z
  .strictObject({
    kind: nonEmptyString.optional(),
    verifier: nonEmptyString.optional(),
    subject: nonEmptyString.optional(),
    issuer: nonEmptyString.optional(),
    clientId: nonEmptyString.optional(),
    credentialId: nonEmptyString.optional(),
    environment: nonEmptyString.optional(),
    scopes: check('a list of scopes', isListOfStrings).optional(),
    expiresAt: check('a time in milliseconds since the epoch', Number.isFinite).optional(),
    claims: check('an object', isObject).optional(),
  })
  .optional();

/**
 * The options of `latchkey()`, which checks their values. The last three are replaced: so the
 * options of an app can be passed as they are.
 */
const optionsSchema = z.strictObject({
  scopes: z.unknown().optional(),
  realm: z.unknown().optional(),
  resource: z.unknown().optional(),
  timeoutMs: z.unknown().optional(),
  clientCertificate: z.unknown().optional(),
  body: z.unknown().optional(),
  verifiers: z.unknown().optional(),
  extractors: z.unknown().optional(),
  cache: z.unknown().optional(),
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
