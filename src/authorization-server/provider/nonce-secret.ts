import { hkdfSync } from 'node:crypto';

/** Derives the key of 32 bytes that oidc-provider requires for nonces. */
export const nonceSecret = (secret: string | Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, '', 'latchkey dpop nonce', 32));
