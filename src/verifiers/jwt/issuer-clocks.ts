import { LRUCache } from 'lru-cache';

/**
 * How far ahead an issuer's clock is believed to be, in milliseconds. An `iat` beyond that does not
 * say when the token was issued.
 */
const MAX_SKEW_MS = 300_000;
const MAX_ISSUERS = 1_000;

/**
 * How far each issuer's clock is ahead of ours, as its tokens show. A revocation must cover the
 * tokens that were issued until now by that clock.
 */
export interface IssuerClocks {
  aheadMs(iss: string): number;
  /** @param issuedAt - the `iat` of a token, in milliseconds since the epoch */
  observe(iss: string, issuedAt: number): void;
}

export function createIssuerClocks(maxMs: number): IssuerClocks {
  const ahead = new LRUCache<string, number>({ max: MAX_ISSUERS });
  return {
    aheadMs: (iss) => ahead.get(iss) ?? 0,
    observe(iss, issuedAt) {
      const observedMs = Math.min(issuedAt - Date.now(), maxMs);
      if (observedMs > (ahead.get(iss) ?? 0)) {
        ahead.set(iss, observedMs);
      }
    },
  };
}

/**
 * Returns how long after a revocation a token may claim to be issued and still be covered, in
 * milliseconds. A future `iat` shows that the issuer's clock is ahead, but not by how much. Such a
 * token is rejected until it is certain that it was issued later.
 */
export function revocationSlackMs(issuedAt: number, skewMs: number): number {
  const aheadMs = issuedAt - Date.now();
  if (aheadMs <= 0) {
    return skewMs;
  }
  return aheadMs > MAX_SKEW_MS ? Infinity : Math.max(skewMs, MAX_SKEW_MS);
}
