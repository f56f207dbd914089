import type { Principal } from '../credential/principal';
import type { ScopeDeclaration, ScopeName } from '../credential/scopes';
import { type Latchkey, latchkey } from '../latchkey';
import type { LatchkeyOptions } from '../latchkey-options';

/** A principal for a test: what is left out gets a plain value. */
export type FakePrincipal = Partial<Principal>;

/**
 * Guards for which every request comes from `principal`, whatever credential it brings: for tests
 * of an app that takes its guards as an argument. The guards themselves are the real ones: a scope
 * that the principal lacks is 403. Without a principal every request comes without a credential.
 *
 * @example
 * const app = createApp(fakeAuth({ subject: 'acct_42', scopes: ['domains:read'] }));
 */
export function fakeAuth<const S extends ScopeDeclaration = never>(
  principal: FakePrincipal | undefined,
  options: Omit<LatchkeyOptions<S>, 'verifiers' | 'extractors' | 'cache'> = {},
): Latchkey<ScopeName<S>> {
  const whole: Principal = {
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
      { name: whole.verifier, accepts: () => true, verify: () => ({ ok: true, principal: whole }) },
    ],
  });
}
