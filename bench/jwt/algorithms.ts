import { generateKeyPairSync, type KeyObject } from 'node:crypto';

import type { Algorithm } from 'latchkey';

import { SECRET } from '../credentials';

export interface Keys {
  readonly signing: KeyObject;
  readonly verifying: KeyObject;
}

const hmac = (): Keys => ({ signing: SECRET, verifying: SECRET });
const rsa = () => pair(generateKeyPairSync('rsa', { modulusLength: 2048 }));
const ec = (namedCurve: string) => () => pair(generateKeyPairSync('ec', { namedCurve }));
const pair = ({
  privateKey,
  publicKey,
}: {
  privateKey: KeyObject;
  publicKey: KeyObject;
}): Keys => ({
  signing: privateKey,
  verifying: publicKey,
});

/** Keys for each algorithm. */
export const ALGORITHMS = {
  HS256: hmac,
  HS384: hmac,
  HS512: hmac,
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: ec('prime256v1'),
  ES384: ec('secp384r1'),
  ES512: ec('secp521r1'),
  EdDSA: () => pair(generateKeyPairSync('ed25519')),
} satisfies Partial<Record<Algorithm, () => Keys>>;

export type Measured = keyof typeof ALGORITHMS;
