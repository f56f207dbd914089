import { typeError } from '../../internal/errors';
import type { KeyObject } from 'node:crypto';
import { importPKCS8 } from 'jose';
import { ClientSecretBasic, ClientSecretPost, modifyAssertion, PrivateKeyJwt, type ClientAuth } from 'oauth4webapi';
import * as z from 'zod';
import { nonEmptyString, check } from '../../internal/options';
import { ALGORITHMS, type Algorithm } from '../jwt/signature';
import { algorithmsOf, privateKeyOf, type PrivateKeyInput } from '../private-key';

/** This API as a client of the authorization server, which shows a secret. */
export interface SecretClient {
  /** `client_id` */
  readonly id: string;
  readonly secret: string;
  /** How the secret is shown (RFC 6749 §2.3.1); `'client_secret_basic'` by default. */
  readonly method?: 'client_secret_basic' | 'client_secret_post';
}

/** This API as a client of the authorization server, which signs an assertion by its key (RFC 7523 §2.2). */
export interface KeyClient {
  /** `client_id` */
  readonly id: string;
  readonly method: 'private_key_jwt';
  readonly key: PrivateKeyInput;
  /** `kid` of the assertion, for a server that knows several keys of this client. */
  readonly kid?: string;
  /** `alg` of the assertion; by default the first that fits the key: RS256, ES256 to ES512 by the curve, EdDSA. */
  readonly algorithm?: Algorithm;
}

const METHODS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt'];
const isOneOf = (values: readonly unknown[]) => (value: unknown) => values.includes(value);

const WANTED = 'must be { id, secret }, or { id, method: "private_key_jwt", key } with "kid" and "algorithm" as you like';

export const clientSchema = z
  .strictObject(
    {
      id: nonEmptyString,
      method: check(METHODS.map((method) => `"${method}"`).join(' or '), isOneOf(METHODS)).optional(),
      secret: nonEmptyString.optional(),
      key: check(
        'a private key: a PEM without a passphrase, a JWK or a KeyObject',
        (value) => privateKeyOf(value) !== undefined,
      ).optional(),
      kid: nonEmptyString.optional(),
      algorithm: check('the name of an algorithm', isOneOf(Object.keys(ALGORITHMS))).optional(),
    },
    { error: ({ code }) => (code === 'invalid_type' ? WANTED : undefined) },
  )
  .refine(
    ({ method, secret, ...byKey }) =>
      method === 'private_key_jwt' ? secret === undefined && byKey.key !== undefined : secret !== undefined && isEmpty(byKey),
    { error: WANTED },
  );
const isEmpty = ({ key, kid, algorithm }: Partial<Record<'key' | 'kid' | 'algorithm', unknown>>): boolean =>
  [key, kid, algorithm].every((one) => one === undefined);

/** How a client shows who it is (RFC 7662 §2.1). */
export function clientAuthentication(client: SecretClient | KeyClient): ClientAuth {
  switch (client.method) {
    case 'private_key_jwt':
      return byAssertion(client);
    case 'client_secret_post':
      return ClientSecretPost(client.secret);
    default:
      return ClientSecretBasic(client.secret);
  }
}

function byAssertion({ key: input, kid, algorithm }: KeyClient): ClientAuth {
  const key = privateKeyOf(input) as KeyObject;
  const fitting = algorithmsOf(key);
  const alg = algorithm ?? fitting[0];
  if (alg === undefined || !fitting.includes(alg))
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `introspection(): option "client.key" ${alg === undefined ? 'can sign nothing: RSA of 2048 bits or more, EC of P-256, P-384 or P-521, or Ed25519 is wanted' : `does not fit the algorithm ${alg}`}`,
    );
  const signing = importPKCS8(key.export({ type: 'pkcs8', format: 'pem' }) as string, alg).then((cryptoKey) =>
    PrivateKeyJwt(
      { key: cryptoKey, ...(kid !== undefined && { kid }) },
      // EdDSA and Ed25519 are two names of one algorithm, of which a server may know only one.
      { [modifyAssertion]: (header) => void (header.alg = alg) },
    ),
  );
  return async (...request) => (await signing)(...request);
}
