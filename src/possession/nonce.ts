import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The nonces of this server (RFC 9449 §8, §9), made of the time: machines that share the secret
 * agree, and none keeps any.
 */
export interface ServerNonces {
  readonly current: () => string;
  /** Whether a proof's nonce is good; `next` is there once it will not be for long. */
  readonly judge: (nonce: unknown) => { readonly next: string | undefined } | undefined;
}

export function serverNonces(secret: string | Uint8Array, rotateMs: number): ServerNonces {
  const now = () => Math.floor(Date.now() / rotateMs);
  const ofPeriod = (period: number) =>
    createHmac('sha256', secret).update(`dpop-nonce ${period}`).digest('base64url');

  return {
    current: () => ofPeriod(now()),
    judge(nonce) {
      if (typeof nonce !== 'string') {
        return undefined;
      }
      const period = now();
      // The one before, for proofs under way, and the one after, from a machine whose clock is a
      // little ahead.
      const age = [0, 1, -1].find((back) => isSame(ofPeriod(period - back), nonce));
      return age === undefined ? undefined : { next: age === 1 ? ofPeriod(period) : undefined };
    },
  };
}

function isSame(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}
