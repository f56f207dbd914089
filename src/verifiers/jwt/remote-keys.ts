import { andThen, withDeadline } from '../../internal/promises';
import { fetchJson, type FetchLimits } from '../issuer/fetch';
import { NoSuchIssuer } from '../issuer/metadata';
import type { JwksUriResolver } from './discovery';
import { fetchedKeys, type KeySet, type KeySource, type VerificationKey } from './keys';
import type { Algorithm } from './signature';

/** How fetched keys are cached. Durations in milliseconds. */
export interface RemoteKeysPolicy {
  /** How long keys are used before they are fetched again: how long a withdrawn key is accepted. */
  readonly ttlMs: number;
  /** How much longer keys are used while the server is unavailable. */
  readonly staleIfErrorMs: number;
  /**
   * The shortest time from the start of one fetch to the next. After a fetch that failed, it is one
   * second at most, so that keys are known soon after an outage. However many tokens name unknown
   * keys, they cause one fetch in this time.
   */
  readonly cooldownMs: number;
  /** Whether an issuer without metadata is treated as unknown, and not as unavailable. */
  readonly mayBeAbsent: boolean;
}

/** How long a token with a known but outdated key waits for a fetch, in milliseconds. */
const REFRESH_WAIT_MS = 500;

/** The longest time from the start of a fetch that failed to the next, in milliseconds. */
const RETRY_MS = 1_000;

type Keys = readonly VerificationKey[];

/**
 * The keys that an issuer publishes. A token waits for the network only if no known key fits it or
 * verifies it. Concurrent tokens share one fetch.
 */
export class RemoteKeys implements KeySource {
  readonly #resolveUri: JwksUriResolver;
  readonly #algorithms: readonly Algorithm[];
  readonly #policy: RemoteKeysPolicy;
  readonly #limits: FetchLimits;
  #keys: KeySet | undefined;
  #fetchedAt = -Infinity;
  #attemptedAt = -Infinity;
  #failure: Error | undefined;
  #pending: Promise<void> | undefined;

  constructor(
    resolveUri: JwksUriResolver,
    algorithms: readonly Algorithm[],
    policy: RemoteKeysPolicy,
    limits: FetchLimits,
  ) {
    this.#resolveUri = resolveUri;
    this.#algorithms = algorithms;
    this.#policy = policy;
    this.#limits = limits;
  }

  candidates(algorithm: Algorithm, kid: string | undefined): Keys | Promise<Keys> {
    if (!this.#algorithms.includes(algorithm)) {
      return [];
    }
    const now = Date.now();
    const known = this.#known(algorithm, kid);
    if (known.length === 0) {
      const fetching = this.#fetchUnlessRecent(now);
      return andThen(fetching, () => this.#knownOrFailure(algorithm, kid));
    }
    const isFresh = now >= this.#fetchedAt && now < this.#fetchedAt + this.#policy.ttlMs;
    return isFresh ? known : this.#refreshed(algorithm, kid);
  }

  newer(algorithm: Algorithm, kid: string | undefined, tried: Keys): Keys | Promise<Keys> {
    return andThen(this.#refreshed(algorithm, kid), (keys) =>
      keys.filter((key) => !tried.includes(key)),
    );
  }

  #known(algorithm: Algorithm, kid: string | undefined): Keys {
    const { ttlMs, staleIfErrorMs } = this.#policy;
    const isUsable = Date.now() < this.#fetchedAt + ttlMs + staleIfErrorMs;
    return (isUsable ? this.#keys?.candidates(algorithm, kid) : undefined) ?? [];
  }

  #knownOrFailure(algorithm: Algorithm, kid: string | undefined): Keys {
    if (this.#failure === undefined) {
      return this.#known(algorithm, kid);
    }
    if (this.#isUnavailable()) {
      throw this.#failure;
    }
    return [];
  }

  /** Whether the last fetch failed. A response that the issuer does not exist is not a failure. */
  #isUnavailable(): boolean {
    const isAbsent = this.#policy.mayBeAbsent && this.#failure instanceof NoSuchIssuer;
    return this.#failure !== undefined && !isAbsent;
  }

  /**
   * Returns the known keys after a fetch. It does not wait for long, and not at all if the last
   * fetch failed: the server is probably still unavailable.
   */
  #refreshed(algorithm: Algorithm, kid: string | undefined): Keys | Promise<Keys> {
    const fetching = this.#fetchUnlessRecent(Date.now());
    const current = () => this.#known(algorithm, kid);
    return fetching && this.#failure === undefined
      ? withDeadline(fetching, REFRESH_WAIT_MS).then(current, current)
      : current();
  }

  /** Returns the pending fetch, or starts one. Returns undefined in the cooldown of the last. */
  #fetchUnlessRecent(now: number): Promise<void> | undefined {
    const { cooldownMs } = this.#policy;
    const pauseMs = this.#isUnavailable() ? Math.min(RETRY_MS, cooldownMs) : cooldownMs;
    const nextAt = this.#attemptedAt + pauseMs;
    // A clock that was set back must not extend the cooldown.
    const isCoolingDown = now >= this.#attemptedAt && now < nextAt;
    if (!this.#pending && !isCoolingDown) {
      this.#attemptedAt = now;
      this.#pending = this.#fetch(now);
    }
    return this.#pending;
  }

  async #fetch(startedAt: number): Promise<void> {
    try {
      const url = await this.#resolveUri(this.#limits);
      this.#keys = await fetchedKeys(url, await fetchJson(url, this.#limits), this.#algorithms);
      this.#fetchedAt = startedAt;
      this.#failure = undefined;
    } catch (error) {
      this.#failure = error as Error;
    } finally {
      this.#pending = undefined;
    }
  }
}
