import type { Extractor, ProofOfPossession, RequestLike } from '../extractors/extractor';
import { isPromise, withDeadline } from '../internal/promises';
import { verifyPossession } from '../possession/possession';
import {
  CredentialVerification,
  type CredentialVerificationOptions,
  type Outcome,
} from './credential-verification';
import { credentialLocator } from './locate-credential';
import { type AuthenticationResult, rejectedFrom, unavailable } from './result';
import type { VerifiedCredential } from './verified-credential';

export interface AuthenticatorOptions extends CredentialVerificationOptions {
  /** Kinds of sender-constrained tokens that are supported whatever the extractor (mTLS). */
  readonly possessions: readonly ProofOfPossession[];
  /** Public origin of the API. */
  readonly origin: string | undefined;
}

export interface Authenticator {
  /** Returns a promise only where there is something to wait for. */
  readonly authenticate: (
    request: RequestLike,
  ) => AuthenticationResult | Promise<AuthenticationResult>;
  readonly close: () => Promise<void>;
}

const MISSING: AuthenticationResult = Object.freeze({ ok: false, reason: 'missing' });
const MULTIPLE: AuthenticationResult = Object.freeze({ ok: false, reason: 'multiple' });

/**
 * Locates the credential of a request, verifies it, and checks proof of possession where it is
 * bound to a key.
 */
export function createAuthenticator(options: AuthenticatorOptions): Authenticator {
  const { extractors, possessions, origin, timeoutMs } = options;
  const locate = credentialLocator(extractors);
  const verification = new CredentialVerification(options);

  function authenticate(
    request: RequestLike,
  ): AuthenticationResult | Promise<AuthenticationResult> {
    const located = locate(request);
    if (located === 'missing') {
      return MISSING;
    }
    if (located === 'multiple') {
      return MULTIPLE;
    }

    const now = Date.now();
    const { extractor } = located;
    const outcome = verification.verify(located, now);
    return isPromise(outcome)
      ? outcome.then((settled) => conclude(request, extractor, settled, Date.now()))
      : conclude(request, extractor, outcome, now);
  }

  function conclude(request: RequestLike, extractor: Extractor, outcome: Outcome, now: number) {
    if (!outcome.ok) {
      return rejectedFrom(outcome, extractor);
    }
    const isBound = outcome.confirmation ?? extractor.possession;
    return isBound ? checkPossession(request, extractor, outcome) : accept(extractor, outcome, now);
  }

  /** Every request must prove possession, whatever the cache holds. */
  async function checkPossession(
    request: RequestLike,
    extractor: Extractor,
    verified: VerifiedCredential,
  ): Promise<AuthenticationResult> {
    const { digest, confirmation, state } = verified;
    try {
      const shown = await withDeadline(
        verifyPossession(request, confirmation, extractor.possession, possessions, {
          digest,
          origin,
        }),
        timeoutMs,
      );
      if (!shown.ok) {
        return { ...shown, extractor, verifier: state.verifier.name };
      }
      const accepted = accept(extractor, verified, Date.now());
      return accepted.ok && shown.nonce !== undefined
        ? { ...accepted, nonce: shown.nonce }
        : accepted;
    } catch (error) {
      return rejectedFrom(unavailable(state.verifier.name, error), extractor);
    }
  }

  /** Counts the use. A verifier that throws while doing so is an outage too. */
  function accept(
    extractor: Extractor,
    { state, result }: VerifiedCredential,
    now: number,
  ): AuthenticationResult {
    try {
      state.verifier.onUsed?.(result.principal, now);
    } catch (error) {
      return rejectedFrom(unavailable(state.verifier.name, error), extractor);
    }
    return result.extractor === extractor ? result : { ...result, extractor };
  }

  return { authenticate, close: () => verification.close() };
}
