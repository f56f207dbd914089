import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The DPoP nonces of this server, derived from the time and a secret: instances that share the
 * secret accept each other's nonces, and none is stored.
 * @see https://www.rfc-editor.org/rfc/rfc9449#section-9
 */
export interface ServerNonces {
  /** Returns the nonce for the next proof of a client. */
  readonly current: () => string;
  /** Returns undefined for an invalid nonce. `next` is set if a newer one should be sent. */
  readonly verify: (nonce: unknown) => { readonly next: string | undefined } | undefined;
}

export function serverNonces(secret: string | Uint8Array, rotateMs: number): ServerNonces {
  const currentPeriod = () => Math.floor(Date.now() / rotateMs);
  const nonceOfPeriod = (period: number) =>
    createHmac('sha256', secret).update(`dpop-nonce ${period}`).digest('base64url');

  return {
    current: () => nonceOfPeriod(currentPeriod()),
    verify(nonce) {
      if (typeof nonce !== 'string') {
        return undefined;
      }
      const period = currentPeriod();
      if (isEqual(nonceOfPeriod(period), nonce)) {
        return { next: undefined };
      }
      // Requests in flight may still have the previous nonce.
      if (isEqual(nonceOfPeriod(period - 1), nonce)) {
        return { next: nonceOfPeriod(period) };
      }
      // An instance whose clock is slightly ahead has already sent the next one.
      return isEqual(nonceOfPeriod(period + 1), nonce) ? { next: undefined } : undefined;
    },
  };
}

function isEqual(expected: string, given: string): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(given)];
  return one.length === other.length && timingSafeEqual(one, other);
}
