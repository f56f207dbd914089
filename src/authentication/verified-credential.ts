import { type Credential, MAX_TOKEN_LENGTH } from '../credential/credential';
import { fingerprintToDigest } from '../credential/digest';
import { freezePrincipal } from '../credential/principal';
import type { Confirmation } from '../credential/record';
import type { Extractor } from '../extractors/extractor';
import { codedError } from '../internal/errors';
import { isPromise } from '../internal/promises';
import type { Verification, Verifier } from '../verifiers/verifier';
import { SingleFlight } from './in-flight';
import { LookUpLimit } from './look-up-limit';
import type { Authenticated, Rejection } from './result';
import { Revocations } from './revocations';
import type { CachedVerification, VerificationTime } from './verification-cache';

/**
 * A verifier with its own revocations and look-ups in flight, so that one hanging store does not
 * block the others.
 */
export class VerifierState {
  readonly verifier: Verifier;
  readonly maxTokenLength: number;
  readonly revocations: Revocations;
  readonly inFlight = new SingleFlight<VerifiedCredential | Rejection>();
  readonly limit = new LookUpLimit();
  /** Fingerprints of the credentials that are verified again before their cache entry expires. */
  readonly refreshing = new Set<string>();
  readonly unsubscribe: () => void | Promise<void>;

  /** @param retentionMs How long a verification can be used, in milliseconds. */
  constructor(verifier: Verifier, retentionMs: number, onChange: () => void) {
    this.verifier = verifier;
    this.maxTokenLength = verifier.maxTokenLength ?? MAX_TOKEN_LENGTH;
    this.revocations = new Revocations(retentionMs);
    const forget = () => {
      // A look-up that started before a change must not decide a request that came after it.
      this.inFlight.clear();
      onChange();
    };
    const fromAdditions = verifier.subscribeToAdditions?.(forget);
    const fromRevocations = verifier.subscribe?.((event) => {
      this.revocations.add(event);
      forget();
    });
    this.unsubscribe = () => {
      fromAdditions?.();
      return fromRevocations?.();
    };
  }

  /** Whether the verifier is for credentials of this form. */
  accepts(credential: Credential): boolean {
    return this.#checked(this.verifier.accepts(credential));
  }

  /**
   * Whether it is for a credential of this form though its scheme does not allow the characters.
   */
  acceptsLegacy(credential: Credential): boolean {
    return this.#checked(this.verifier.acceptsLegacy?.(credential) ?? false);
  }

  /** A promise is truthy: an `accepts()` that is async by mistake would accept every credential. */
  #checked(accepted: unknown): boolean {
    if (!isPromise(accepted)) {
      return Boolean(accepted);
    }
    accepted.then(undefined, () => undefined);
    throw codedError(
      'ERR_LATCHKEY_VERIFIER',
      `The verifier ${this.verifier.name} returned a promise from accepts(), which must be synchronous`,
    );
  }
}

/**
 * When a verification started: what is revoked or issued from then on is not reflected in its
 * result.
 */
export interface VerificationStart extends VerificationTime {
  readonly revocationsSeen: number;
  /** Generation of the rejection cache. */
  readonly generation: number;
}

/** What is verified, and by which verifier. */
export interface LookUpTarget {
  readonly state: VerifierState;
  readonly extractor: Extractor;
  readonly fingerprint: string;
}

/** A verification that has started. */
export interface LookUp extends LookUpTarget {
  readonly start: VerificationStart;
}

/** A verified credential, as cached. */
export interface VerifiedCredential extends CachedVerification {
  readonly ok: true;
  readonly state: VerifierState;
  /** The key or certificate that every request must prove possession of. */
  readonly confirmation: Confirmation | undefined;
  /** The result for every request that brings the credential by the same extractor. */
  readonly result: Authenticated;
}

export function verifiedCredential(
  {
    principal: granted,
    expiresAt = Infinity,
    grantId,
    issuedAt,
    confirmation,
  }: Verification & { readonly ok: true },
  { state, extractor, fingerprint, start }: LookUp,
  expandScopes: (granted: readonly string[]) => readonly string[],
): VerifiedCredential {
  const principal = freezePrincipal({ ...granted, scopes: expandScopes(granted.scopes) });
  const isBound = confirmation && Object.keys(confirmation).length > 0;
  return {
    ok: true,
    state,
    confirmation: isBound ? Object.freeze({ ...confirmation }) : undefined,
    result: { ok: true, principal, extractor },
    revocations: state.revocations,
    digest: fingerprintToDigest(fingerprint),
    principal,
    expiresAt,
    grantId,
    issuedAt,
    verifiedAt: start.verifiedAt,
    verifiedAtMonotonic: start.verifiedAtMonotonic,
    revocationsSeen: start.revocationsSeen,
  };
}
