import {
  type Credential,
  isB64Token,
  isLegacyToken,
  isPlainToken,
  MAX_KEY_LENGTH,
  MAX_TOKEN_LENGTH,
} from '../credential/credential';
import { toFingerprint } from '../credential/digest';
import type { Reason } from '../credential/reason';
import type { Extractor } from '../extractors/extractor';
import { codedError } from '../internal/errors';
import { callAll, isPromise, withDeadline } from '../internal/promises';
import { checkVerification, type Verification, type Verifier } from '../verifiers/verifier';
import type { LocatedCredential } from './locate-credential';
import { RejectionCache } from './rejection-cache';
import { malformed, tooLong, unread } from './rejections';
import { type Rejection, unavailable } from './result';
import {
  type CacheLimits,
  isYoungerThan,
  NO_CACHE,
  type VerificationCache,
  verificationCache,
} from './verification-cache';
import {
  type LookUp,
  type LookUpTarget,
  type VerificationStart,
  type VerifiedCredential,
  verifiedCredential,
  VerifierState,
} from './verified-credential';

export interface CredentialVerificationOptions {
  readonly extractors: readonly Extractor[];
  readonly verifiers: readonly Verifier[];
  readonly cache: CacheLimits | false;
  /** Deadline of one verification, in milliseconds. */
  readonly timeoutMs: number;
  /** Adds the scopes that the granted ones imply. */
  readonly expandScopes: (granted: readonly string[]) => readonly string[];
}

/** What reads the credentials of one extractor. */
interface Readers {
  readonly states: readonly VerifierState[];
  /** The longest token that any of them accepts, in characters. */
  readonly longest: number;
  /** From here on a token is not even hashed. */
  readonly maxTokenLength: number;
}

export type Outcome = VerifiedCredential | Rejection;

/**
 * Verifies credentials: cache first, then the verifier that accepts their form. A verifier that
 * throws or misses the deadline is `unavailable`.
 */
export class CredentialVerification {
  readonly #options: CredentialVerificationOptions;
  readonly #states: readonly VerifierState[];
  readonly #readers: ReadonlyMap<Extractor, Readers>;
  readonly #cache: VerificationCache<VerifiedCredential>;
  readonly #rejections: RejectionCache | undefined;

  constructor(options: CredentialVerificationOptions) {
    const { extractors, verifiers, cache, timeoutMs } = options;
    const retentionMs = timeoutMs + (cache ? cache.ttlMs + cache.staleIfErrorMs : 0);
    this.#options = options;
    this.#cache = cache ? verificationCache<VerifiedCredential>(cache) : NO_CACHE;
    this.#rejections = cache ? new RejectionCache(cache.ttlMs) : undefined;
    this.#states = verifiers.map(
      (verifier) => new VerifierState(verifier, retentionMs, () => this.#rejections?.clear()),
    );
    this.#readers = new Map(
      extractors.map((extractor) => [extractor, readersOf(extractor, this.#states)]),
    );
  }

  /** Returns a promise only where there is something to wait for. */
  verify(located: LocatedCredential, now: number): Outcome | Promise<Outcome> {
    const { extractor, token } = located;
    const readers = this.#readers.get(extractor) as Readers;
    if (token.length > readers.maxTokenLength) {
      return tooLong(token, readers.maxTokenLength);
    }
    const fingerprint = toFingerprint(token);
    let state: VerifierState | undefined;
    try {
      const cached = this.#cache.fresh(fingerprint, now);
      if (cached?.result.extractor === extractor) {
        if (cached.state.limit.isUnderPressure) {
          this.#refresh(cached, fingerprint, located, now);
        }
        return cached;
      }
      if (!isPlainToken(token)) {
        return malformed(extractor, token);
      }
      const credential: Credential = { extractor: extractor.name, token };
      const isWellFormed = extractor.scheme === undefined || isB64Token(token);
      state = isWellFormed
        ? findVerifier(readers, credential)
        : findLegacyVerifier(readers, credential);
      if (cached && cached.state === state) {
        return cached;
      }
      if (!state) {
        return isWellFormed
          ? unread(extractor, token, readers.longest)
          : malformed(extractor, token);
      }
      if (token.length > state.maxTokenLength) {
        return tooLong(token, state.maxTokenLength, state.verifier.name);
      }
      return (
        this.#rejections?.get(fingerprint, state, now) ??
        this.#lookUp({ state, extractor, fingerprint }, credential, now)
      );
    } catch (error) {
      return this.#staleOrUnavailable(state, fingerprint, error);
    }
  }

  async close(): Promise<void> {
    await callAll([
      ...this.#states.map((state) => () => state.unsubscribe()),
      ...this.#states.map(
        ({ verifier }) =>
          () =>
            verifier.close?.(),
      ),
    ]);
  }

  #lookUp(target: LookUpTarget, credential: Credential, now: number): Outcome | Promise<Outcome> {
    const { state, fingerprint } = target;
    const pending = this.#options.cache ? state.inFlight.get(fingerprint) : undefined;
    if (pending) {
      return pending;
    }
    const lookUp = this.#started(target, now);
    const verification = this.#begin(lookUp, credential);
    return isPromise(verification)
      ? state.inFlight.track(fingerprint, this.#settleLater(lookUp, verification))
      : this.#settle(lookUp, verification);
  }

  #started({ state, extractor, fingerprint }: LookUpTarget, now: number): LookUp {
    const start: VerificationStart = {
      verifiedAt: now,
      verifiedAtMonotonic: performance.now(),
      revocationsSeen: state.revocations.count,
      generation: this.#rejections?.generation ?? 0,
    };
    return { state, extractor, fingerprint, start };
  }

  #begin(
    { state, fingerprint, start }: LookUp,
    credential: Credential,
  ): Verification | Promise<Verification> {
    const { limit, verifier } = state;
    if (!limit.hasRoom(this.#cache.has(fingerprint), start.verifiedAtMonotonic)) {
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
    try {
      const outcome = this.#settle(lookUp, await withDeadline(pending, this.#options.timeoutMs));
      if (!outcome.ok) {
        this.#rejections?.add(outcome, lookUp);
      }
      return outcome;
    } catch (error) {
      return this.#staleOrUnavailable(lookUp.state, lookUp.fingerprint, error);
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
      this.#cache.set(fingerprint, verified);
    }
    return verified;
  }

  #reject({ state, fingerprint }: LookUp, reason: Reason, detail?: string): Rejection {
    this.#cache.delete(fingerprint);
    return { ok: false, reason, verifier: state.verifier.name, detail };
  }

  #staleOrUnavailable(
    state: VerifierState | undefined,
    fingerprint: string,
    error: unknown,
  ): Outcome {
    const stale = this.#cache.stale(fingerprint, Date.now());
    return stale && stale.state === state ? stale : unavailable(state?.verifier.name, error);
  }

  /**
   * Verifies a credential again in the second half of its time in the cache. While the store has a
   * long queue (a flood of fake keys), a verification that starts when the entry has expired would
   * miss its deadline.
   */
  #refresh(
    cached: VerifiedCredential,
    fingerprint: string,
    { extractor, token }: LocatedCredential,
    now: number,
  ): void {
    const { state } = cached;
    const { cache } = this.#options;
    if (
      !cache ||
      isYoungerThan(cache.ttlMs / 2, cached, now) ||
      state.refreshing.has(fingerprint)
    ) {
      return;
    }
    state.refreshing.add(fingerprint);
    void this.#settleRefresh(this.#started({ state, extractor, fingerprint }, now), {
      extractor: extractor.name,
      token,
    });
  }

  async #settleRefresh(lookUp: LookUp, credential: Credential): Promise<void> {
    const { state, fingerprint } = lookUp;
    try {
      const verification = await this.#begin(lookUp, credential);
      // A rejection in the meantime has removed the entry and must not be undone.
      if (this.#cache.has(fingerprint)) {
        this.#settle(lookUp, verification);
      }
    } catch {
      // The entry is used until it expires. The request that verifies it then reports the error.
    } finally {
      state.refreshing.delete(fingerprint);
    }
  }
}

function readersOf(extractor: Extractor, all: readonly VerifierState[]): Readers {
  const states = all.filter(
    ({ verifier }) => verifier.extractors?.includes(extractor.name) ?? true,
  );
  const usual = extractor.scheme ? MAX_TOKEN_LENGTH : MAX_KEY_LENGTH;
  const longest = Math.max(0, ...states.map(({ maxTokenLength }) => maxTokenLength));
  return { states, longest, maxTokenLength: Math.max(usual, longest) };
}

const findVerifier = ({ states }: Readers, credential: Credential): VerifierState | undefined =>
  states.find((state) => state.accepts(credential));

const findLegacyVerifier = (
  { states }: Readers,
  credential: Credential,
): VerifierState | undefined =>
  isLegacyToken(credential.token)
    ? states.find((state) => state.acceptsLegacy(credential))
    : undefined;
