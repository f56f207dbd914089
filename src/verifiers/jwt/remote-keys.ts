import { andThen, withDeadline } from '../../internal/promises';
import { getJson, type Limits } from '../issuer/fetch';
import { NoSuchIssuer } from '../issuer/metadata';
import type { JwksUriResolver } from './discovery';
import { fetchedKeys, type KeySet, type KeySource, type VerificationKey } from './keys';
import type { Algorithm } from './signature';

/** How keys from a URL are kept. Durations in milliseconds. */
export interface RemoteKeysPolicy {
  /**
   * How long fetched keys are used before the server is asked again: how long a key that it
   * withdrew can go unseen.
   */
  readonly ttlMs: number;
  /** How much longer they are used while the server cannot be asked. */
  readonly staleIfErrorMs: number;
  /**
   * From the beginning of one attempt to fetch to the next, whatever came of it: a flood of unknown
   * keys costs one fetch in that time.
   */
  readonly cooldownMs: number;
  /**
   * Whether an issuer that answers that it has no metadata is none, rather than one that is away.
   */
  readonly mayBeAbsent: boolean;
}

/** How long a token that known keys fit waits for news of them. */
const PATIENCE_MS = 500;

/**
 * The keys that a server publishes. Only what fits no known key, or was signed by none, waits for
 * the network, and one fetch at a time serves all who wait.
 */
export function remoteKeys(
  locate: JwksUriResolver,
  algorithms: readonly Algorithm[],
  policy: RemoteKeysPolicy,
  limits: Limits,
): KeySource {
  let keys: KeySet | undefined;
  let fetchedAt = -Infinity;
  let triedAt = -Infinity;
  let failure: unknown;
  let underWay: Promise<void> | undefined;

  async function load(startedAt: number): Promise<void> {
    try {
      const url = await locate(limits);
      keys = await fetchedKeys(url, await getJson(url, limits), algorithms);
      fetchedAt = startedAt;
      failure = undefined;
    } catch (error) {
      failure = error;
    } finally {
      underWay = undefined;
    }
  }

  /** Settles when the server was asked; undefined where it was asked a moment ago. */
  function refresh(now: number): Promise<void> | undefined {
    // A clock that was set back does not make us wait for it.
    if (underWay || (now >= triedAt && now < triedAt + policy.cooldownMs)) {
      return underWay;
    }
    triedAt = now;
    return (underWay = load(now));
  }

  const known = (algorithm: Algorithm, kid: string | undefined): readonly VerificationKey[] =>
    keys && Date.now() < fetchedAt + policy.ttlMs + policy.staleIfErrorMs
      ? keys.candidates(algorithm, kid)
      : [];

  /**
   * What is known after news, for which nobody waits long, nor where the server was away already to
   * hear that it still is.
   */
  function renewed(
    algorithm: Algorithm,
    kid: string | undefined,
  ): readonly VerificationKey[] | Promise<readonly VerificationKey[]> {
    const news = refresh(Date.now());
    const current = () => known(algorithm, kid);
    return news && failure === undefined
      ? withDeadline(news, PATIENCE_MS).then(current, current)
      : current();
  }

  return {
    candidates(algorithm, kid) {
      if (!algorithms.includes(algorithm)) {
        return [];
      }
      const now = Date.now();
      const found = known(algorithm, kid);
      if (found.length > 0) {
        return now >= fetchedAt && now < fetchedAt + policy.ttlMs ? found : renewed(algorithm, kid);
      }
      const news = refresh(now);
      const answer = (): readonly VerificationKey[] => {
        if (policy.mayBeAbsent && failure instanceof NoSuchIssuer) {
          return [];
        }
        if (failure !== undefined) {
          throw failure as Error;
        }
        return known(algorithm, kid);
      };
      return news ? news.then(answer) : answer();
    },
    newer: (algorithm, kid, tried) =>
      andThen(renewed(algorithm, kid), (found) => found.filter((key) => !tried.includes(key))),
  };
}
