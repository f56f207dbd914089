import { toFingerprint } from '../credential/digest';
import type { Extractor } from '../extractors/extractor';
import { callAll } from '../internal/promises';
import type { Verifier } from '../verifiers/verifier';
import { ExtractorRoute } from './extractor-route';
import type { LocatedCredential } from './locate-credential';
import { type LookUpOptions, LookUps, type Outcome } from './look-ups';
import { RejectionCache } from './rejection-cache';
import { tooLong } from './rejections';
import {
  type CacheLimits,
  isYoungerThan,
  NO_CACHE,
  type VerificationCache,
  verificationCache,
} from './verification-cache';
import { type VerifiedCredential, VerifierState } from './verified-credential';

export interface CredentialVerificationOptions extends Pick<
  LookUpOptions,
  'timeoutMs' | 'expandScopes'
> {
  readonly extractors: readonly Extractor[];
  readonly verifiers: readonly Verifier[];
  readonly cache: CacheLimits | false;
}

/**
 * Verifies credentials: cache first, then the verifier that accepts their form. A verifier that
 * throws or misses the deadline is `unavailable`.
 */
export class CredentialVerification {
  readonly #states: readonly VerifierState[];
  readonly #routes: ReadonlyMap<Extractor, ExtractorRoute>;
  readonly #cache: VerificationCache<VerifiedCredential>;
  readonly #rejections: RejectionCache | undefined;
  readonly #lookUps: LookUps;
  readonly #refreshAfterMs: number;

  constructor(options: CredentialVerificationOptions) {
    const { extractors, verifiers, timeoutMs } = options;
    const limits = options.cache || undefined;
    const retentionMs = timeoutMs + (limits?.ttlMs ?? 0) + (limits?.staleIfErrorMs ?? 0);
    const cache = limits ? verificationCache<VerifiedCredential>(limits) : NO_CACHE;
    const rejections = limits && new RejectionCache(limits.ttlMs);
    const onChange = () => rejections?.clear();

    this.#cache = cache;
    this.#rejections = rejections;
    this.#refreshAfterMs = (limits?.ttlMs ?? 0) / 2;
    this.#states = verifiers.map((verifier) => new VerifierState(verifier, retentionMs, onChange));
    this.#routes = new Map(extractors.map((one) => [one, new ExtractorRoute(one, this.#states)]));
    this.#lookUps = new LookUps({ ...options, cache, rejections });
  }

  /** Returns a promise only if there is something to wait for. */
  verify(located: LocatedCredential, now: number): Outcome | Promise<Outcome> {
    const { extractor, token } = located;
    const route = this.#routes.get(extractor) as ExtractorRoute;
    if (token.length > route.maxTokenLength) {
      return tooLong(token, route.maxTokenLength);
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
      const found = route.findVerifier(token);
      if (!(found instanceof VerifierState)) {
        return found;
      }
      state = found;
      if (cached?.state === state) {
        return cached;
      }
      return (
        this.#rejections?.get(fingerprint, state, now) ??
        this.#lookUps.verify(
          { state, extractor, fingerprint },
          { extractor: extractor.name, token },
          now,
        )
      );
    } catch (error) {
      return this.#lookUps.staleOrUnavailable(state, fingerprint, error);
    }
  }

  async close(): Promise<void> {
    await callAll([
      ...this.#states.map((state) => state.unsubscribe),
      ...this.#states.map((state) => () => state.verifier.close?.()),
    ]);
  }

  /**
   * Verifies a credential again in the second half of its time in the cache. If the store has a
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
    if (isYoungerThan(this.#refreshAfterMs, cached, now) || state.refreshing.has(fingerprint)) {
      return;
    }
    void this.#lookUps.refresh(
      { state, extractor, fingerprint },
      { extractor: extractor.name, token },
      now,
    );
  }
}
