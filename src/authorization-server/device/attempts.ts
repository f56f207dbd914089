import { isIPv6 } from 'node:net';

/** Bounds how often something happens: by the same network, and in all. */
export interface Attempts {
  /**
   * Counts an attempt, and returns a function to call if it does not count after all. Returns
   * undefined, and counts nothing, if there were too many.
   */
  readonly begin: (address: string) => (() => void) | undefined;
}

export interface AttemptsOptions {
  /** How many attempts of one network there may be within the window. */
  readonly maxOfNetwork: number;
  /** How many attempts there may be within the window. */
  readonly max: number;
  readonly windowMs: number;
}

interface Attempt {
  readonly network: string;
  readonly at: number;
}

/**
 * Counts attempts in a sliding window. An attempt counts before its result is known, so many
 * attempts at the same time are bounded, too.
 */
export function createAttempts({ maxOfNetwork, max, windowMs }: AttemptsOptions): Attempts {
  let counted: readonly Attempt[] = [];
  return {
    begin(address) {
      const now = Date.now();
      const attempt: Attempt = { network: toNetwork(address), at: now };
      counted = counted.filter(({ at }) => at > now - windowMs);
      const own = counted.filter(({ network }) => network === attempt.network);
      if (counted.length >= max || own.length >= maxOfNetwork) {
        return undefined;
      }
      counted = [...counted, attempt];
      return () => {
        counted = counted.filter((one) => one !== attempt);
      };
    },
  };
}

const MAPPED_IPV4 = /^::ffff:(?=\d+\.)/i;
const GROUPS = 8;
const NETWORK_GROUPS = 4;

/** Returns an IPv4 address, or the /64 network of an IPv6 address, which is of one user. */
export function toNetwork(address: string): string {
  const plain = address.replace(MAPPED_IPV4, '');
  if (!isIPv6(plain)) {
    return plain;
  }
  const [head = [], tail = []] = plain
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(Math.max(0, GROUPS - head.length - tail.length)).fill('0');
  return [...head, ...zeros, ...tail].slice(0, NETWORK_GROUPS).join(':');
}
