import type { Credential } from '../credential/credential';
import type { Reason } from '../credential/reason';
import { codedError } from '../internal/errors';
import { isPromise, withDeadline } from '../internal/promises';
import { checkVerification, type Verification } from '../verifiers/verifier';
import type { RejectionCache } from './rejection-cache';
import { type Rejection, unavailable } from './result';
import type { VerificationCache } from './verification-cache';
import {
  type LookUp,
  type LookUpTarget,
  type VerifiedCredential,
  verifiedCredential,
  type VerifierState,
} from './verified-credential';

export type Outcome = VerifiedCredential | Rejection;

export interface LookUpOptions {
  readonly cache: VerificationCache<VerifiedCredential>;
  /** Undefined if the cache is disabled. */
  readonly rejections: RejectionCache | undefined;
  /** Deadline of one verification, in milliseconds. */
  readonly timeoutMs: number;
  /** Adds the scopes that the granted ones imply. */
  readonly expandScopes: (granted: readonly string[]) => readonly string[];
}

/** Calls verifiers and puts their results into the caches. */
export class LookUps {
  readonly #options: LookUpOptions;

  constructor(options: LookUpOptions) {
    this.#options = options;
  }

  /**
   * Verifies a credential, or shares a pending verification of the same credential. Throws if the
   * verifier throws or too many verifications are pending.
   */
  verify(target: LookUpTarget, credential: Credential, now: number): Outcome | Promise<Outcome> {
    const { state, fingerprint } = target;
    const pending = this.#options.rejections ? state.inFlight.get(fingerprint) : undefined;
    if (pending) {
      return pending;
    }
    const lookUp = this.#start(target, now);
    const verification = this.#call(lookUp, credential);
    return isPromise(verification)
      ? state.inFlight.track(fingerprint, this.#settleLater(lookUp, verification))
      : this.#settle(lookUp, verification);
  }

  /** Verifies a cached credential again, so that its cache entry is replaced before it expires. */
  async refresh(target: LookUpTarget, credential: Credential, now: number): Promise<void> {
    const { state, fingerprint } = target;
    state.refreshing.add(fingerprint);
    try {
      const lookUp = this.#start(target, now);
      const verification = await this.#call(lookUp, credential);
      // A rejection in the meantime has removed the entry and must not be undone.
      if (this.#options.cache.has(fingerprint)) {
        this.#settle(lookUp, verification);
      }
    } catch {
      // The entry is used until it expires. The request that verifies it then reports the error.
    } finally {
      state.refreshing.delete(fingerprint);
    }
  }

  /** Returns a cached verification that may be served during an outage, or `unavailable`. */
  staleOrUnavailable(
    state: VerifierState | undefined,
    fingerprint: string,
    error: unknown,
  ): Outcome {
    const stale = this.#options.cache.stale(fingerprint, Date.now());
    return stale && stale.state === state ? stale : unavailable(state?.verifier.name, error);
  }

  #start({ state, extractor, fingerprint }: LookUpTarget, now: number): LookUp {
    const start = {
      verifiedAt: now,
      verifiedAtMonotonic: performance.now(),
      revocationsSeen: state.revocations.count,
      generation: this.#options.rejections?.generation ?? 0,
    };
    return { state, extractor, fingerprint, start };
  }

  #call(
    { state, fingerprint, start }: LookUp,
    credential: Credential,
  ): Verification | Promise<Verification> {
    const { limit, verifier } = state;
    if (!limit.hasRoom(this.#options.cache.has(fingerprint), start.verifiedAtMonotonic)) {
      throw codedError(
        'ERR_LATCHKEY_OVERLOADED',
        `Too many verifications are pending at the verifier ${verifier.name}`,
      );
    }
    const verification = verifier.verify(credential);
    if (isPromise(verification)) {
      limit.track(Promise.resolve(verification), start.verifiedAtMonotonic);
    }
    return verification;
  }

  async #settleLater(lookUp: LookUp, pending: PromiseLike<Verification>): Promise<Outcome> {
    const { rejections, timeoutMs } = this.#options;
    try {
      const outcome = this.#settle(lookUp, await withDeadline(pending, timeoutMs));
      if (!outcome.ok) {
        rejections?.add(outcome, lookUp);
      }
      return outcome;
    } catch (error) {
      return this.staleOrUnavailable(lookUp.state, lookUp.fingerprint, error);
    }
  }

  #settle(lookUp: LookUp, verification: Verification): Outcome {
    const { state, fingerprint } = lookUp;
    checkVerification(verification, state.verifier.name);
    if (!verification.ok) {
      return this.#reject(lookUp, verification.reason, verification.detail);
    }
    if (Date.now() >= (verification.expiresAt ?? Infinity)) {
      return this.#reject(lookUp, 'expired');
    }

    const verified = verifiedCredential(verification, lookUp, this.#options.expandScopes);
    const isRevoked = state.revocations.isRevoked(verified);
    if (isRevoked && verified.issuedAt !== undefined) {
      return this.#reject(lookUp, 'revoked');
    }
    if (!isRevoked) {
      this.#options.cache.set(fingerprint, verified);
    }
    return verified;
  }

  #reject({ state, fingerprint }: LookUp, reason: Reason, detail?: string): Rejection {
    this.#options.cache.delete(fingerprint);
    return { ok: false, reason, verifier: state.verifier.name, detail };
  }
}
