import type { Extractor, ProofOfPossession, RequestLike } from '../extractors/extractor';
import { isPromise, withDeadline } from '../internal/promises';
import { verifyPossession } from '../possession/possession';
import {
  CredentialVerification,
  type CredentialVerificationOptions,
} from './credential-verification';
import { credentialLocator } from './locate-credential';
import type { Outcome } from './look-ups';
import { type AuthenticationResult, rejectedFrom, unavailable } from './result';
import type { VerifiedCredential } from './verified-credential';

export interface AuthenticatorOptions extends CredentialVerificationOptions {
  /** Proofs of possession that are verified whichever extractor found the credential (mTLS). */
  readonly possessions: readonly ProofOfPossession[];
  /** Public origin of the API, if it is configured. */
  readonly origin: string | undefined;
}

export interface Authenticator {
  /** Returns a promise only if there is something to wait for. */
  readonly authenticate: (
    request: RequestLike,
  ) => AuthenticationResult | Promise<AuthenticationResult>;
  readonly close: () => Promise<void>;
}

const MISSING: AuthenticationResult = Object.freeze({ ok: false, reason: 'missing' });
const MULTIPLE: AuthenticationResult = Object.freeze({ ok: false, reason: 'multiple' });

/**
 * Creates the authenticator of one `latchkey()` instance. It locates the credential of a request,
 * verifies it, and verifies the proof of possession if one is required.
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
      ? outcome.then((settled) => toResult(request, extractor, settled, Date.now()))
      : toResult(request, extractor, outcome, now);
  }

  function toResult(request: RequestLike, extractor: Extractor, outcome: Outcome, now: number) {
    if (!outcome.ok) {
      return rejectedFrom(outcome, extractor);
    }
    const isBound = outcome.confirmation ?? extractor.possession;
    return isBound ? checkPossession(request, extractor, outcome) : accept(extractor, outcome, now);
  }

  /** Every request must prove possession, even if the credential is cached. */
  async function checkPossession(
    request: RequestLike,
    extractor: Extractor,
    verified: VerifiedCredential,
  ): Promise<AuthenticationResult> {
    const { digest, confirmation, state } = verified;
    const binding = { confirmation, required: extractor.possession };
    try {
      const possession = await withDeadline(
        verifyPossession(request, binding, possessions, { digest, origin }),
        timeoutMs,
      );
      return possession.ok
        ? withNonce(accept(extractor, verified, Date.now()), possession.nonce)
        : { ...possession, extractor, verifier: state.verifier.name };
    } catch (error) {
      return rejectedFrom(unavailable(state.verifier.name, error), extractor);
    }
  }

  return { authenticate, close: () => verification.close() };
}

/** Counts the use. A verifier that throws while counting is `unavailable` too. */
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

const withNonce = (
  result: AuthenticationResult,
  nonce: string | undefined,
): AuthenticationResult => (result.ok && nonce !== undefined ? { ...result, nonce } : result);
