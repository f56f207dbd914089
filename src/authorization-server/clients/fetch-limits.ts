import { isIP } from 'node:net';

import { LRUCache } from 'lru-cache';

import { DocumentError } from './fetch-document';

const MAX_CONCURRENT = 50;
/** How many fetches one site may occupy, however slowly it responds. */
const MAX_PER_SITE = 10;
/** How many fetches of one host may fail in a row before it is left alone. */
const MAX_FAILURES = 20;
/** For how long failures are remembered. */
const FAILURES_TTL_MS = 60_000;

/** Limits how many documents are fetched, in total and of one place. */
export interface FetchLimits {
  /**
   * Runs a fetch.
   * @throws {DocumentError} if there are too many, or too many of the same host failed
   */
  run<T>(url: URL, fetch: () => Promise<T>): Promise<T>;
}

/** Creates the limits of one server. */
export function fetchLimits(): FetchLimits {
  const running = new Map<string, number>();
  const failures = new LRUCache<string, number>({ max: 1_000, ttl: FAILURES_TTL_MS });
  let total = 0;

  return {
    async run({ host, hostname }, fetch) {
      const site = toSite(hostname);
      const ofSite = running.get(site) ?? 0;
      if (total >= MAX_CONCURRENT || ofSite >= MAX_PER_SITE) {
        throw new DocumentError('too many metadata documents are being fetched', true);
      }
      if ((failures.get(host) ?? 0) >= MAX_FAILURES) {
        throw new DocumentError('too many metadata documents of the host failed', true);
      }
      total++;
      running.set(site, ofSite + 1);
      try {
        const result = await fetch();
        failures.delete(host);
        return result;
      } catch (error) {
        failures.set(host, (failures.get(host) ?? 0) + 1);
        throw error;
      } finally {
        total--;
        release(running, site);
      }
    },
  };
}

function release(running: Map<string, number>, site: string): void {
  const left = (running.get(site) ?? 1) - 1;
  if (left === 0) {
    running.delete(site);
  } else {
    running.set(site, left);
  }
}

/**
 * Returns what one operator controls: an address, or the last two labels of a name. The owner of a
 * domain can have any number of names in it.
 */
const toSite = (hostname: string): string =>
  isIP(hostname.replace(/^\[|\]$/g, '')) === 0
    ? hostname.replace(/\.$/, '').split('.').slice(-2).join('.')
    : hostname;
