import { type KeyObject, verify as verifySignature } from 'node:crypto';

import jsonwebtoken from 'jsonwebtoken';

import { AUDIENCE, inAuthorization, ISSUER, signedToken } from '../credentials';
import { guarding } from '../guards/guarding';
import { jwtGuard } from '../guards/latchkey';
import { calling, type Contender, type Contenders } from '../harness/contender';
import { ALGORITHMS, type Measured } from './algorithms';

export const namesOf = (algorithm: Measured) => ({
  bare: `${algorithm === 'EdDSA' ? 'crypto' : 'jsonwebtoken'}.verify, ${algorithm}`,
  again: `${algorithm === 'EdDSA' ? 'crypto' : 'jsonwebtoken'}.verify, ${algorithm}, again`,
  guard: `Latchkey, ${algorithm}`,
});

/** A token that is verified by the function of a library alone, and by a guard without a cache. */
export const contenders: Contenders = Object.fromEntries(
  (Object.keys(ALGORITHMS) as Measured[]).flatMap((algorithm) => {
    const { bare, again, guard } = namesOf(algorithm);
    return [
      [bare, () => bareVerify(algorithm)],
      [again, () => bareVerify(algorithm)],
      [guard, () => uncachedGuard(algorithm)],
    ];
  }),
);

async function bareVerify(algorithm: Measured): Promise<Contender> {
  const { signing, verifying } = ALGORITHMS[algorithm]();
  const token = await signedToken(signing, algorithm);
  // jsonwebtoken does not support EdDSA.
  return algorithm === 'EdDSA'
    ? signatureOf(token, verifying)
    : calling(() =>
        jsonwebtoken.verify(token, verifying, {
          algorithms: [algorithm],
          issuer: ISSUER,
          audience: AUDIENCE,
        }),
      );
}

function signatureOf(token: string, key: KeyObject): Contender {
  return calling(() => {
    const end = token.lastIndexOf('.');
    const good = verifySignature(
      null,
      Buffer.from(token.slice(0, end)),
      key,
      Buffer.from(token.slice(end + 1), 'base64url'),
    );
    if (!good) {
      throw new Error('A good signature was refused');
    }
  });
}

async function uncachedGuard(algorithm: Measured): Promise<Contender> {
  const { signing, verifying } = ALGORITHMS[algorithm]();
  return guarding(
    jwtGuard('uncached', algorithm, verifying),
    inAuthorization(await signedToken(signing, algorithm)),
  );
}
