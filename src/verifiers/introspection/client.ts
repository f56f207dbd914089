import { importPKCS8 } from 'jose';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  None,
  PrivateKeyJwt,
} from 'oauth4webapi';

import { isB64Token } from '../../credential/credential';
import { codedError, typeError } from '../../internal/errors';
import { omitUndefined } from '../../internal/objects';
import type { Algorithm } from '../jwt/signature';
import { type PrivateKeyInput, readPrivateKey, signingAlgorithms } from '../private-key';
import { clientAuthMethod, type ParsedClient } from './client-schema';

/**
 * A client that authenticates with a secret.
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-2.3.1
 */
export interface SecretClient {
  /** The `client_id`. */
  readonly id: string;
  /** The client secret. */
  readonly secret: string;
  /**
   * Where the secret is sent: in the `Authorization` header or in the form.
   * @default 'basic'
   */
  readonly auth?: 'basic' | 'post';
  /** The same by its registered name (RFC 7591 §2). Pass one of the two. */
  readonly method?: 'client_secret_basic' | 'client_secret_post';
}

/** The private key of a client, and how it signs. */
export interface AssertionKey {
  /** The `client_id`. */
  readonly id: string;
  /** The private key: a PEM without a passphrase, a JWK or a `KeyObject`. */
  readonly key: PrivateKeyInput;
  /** The `kid` of the assertion, for a server that knows several keys of this client. */
  readonly kid?: string;
  /**
   * The `alg` of the assertion.
   * @default the first algorithm that fits the key: RS256, ES256 to ES512 by the curve, or EdDSA
   */
  readonly algorithm?: Algorithm;
}

/**
 * A client that authenticates with an assertion, which it signs with its private key.
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-2.2
 */
export type KeyClient = AssertionKey &
  (
    | { readonly auth: 'private_key_jwt'; readonly method?: never }
    | { readonly method: 'private_key_jwt'; readonly auth?: never }
  );

/** No authentication: for an endpoint that is only reachable in a private network. */
export interface NoClient {
  /** The client does not authenticate. */
  readonly auth: 'none';
  /** The `client_id`, for a server that requires it from public clients. */
  readonly id?: string;
}

/**
 * A client that authenticates with an access token.
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-2.1
 */
export interface BearerClient {
  /** The client authenticates with a bearer token. */
  readonly auth: 'bearer';
  /** The token, or a function that returns the current one. */
  readonly token: string | (() => string | Promise<string>);
}

/** How this API authenticates to the introspection endpoint. */
export type IntrospectionClient = SecretClient | KeyClient | NoClient | BearerClient;

/**
 * Creates the authentication of a client.
 *
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if the key does not fit the algorithm
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-2.1
 */
export function clientAuthentication(client: ParsedClient): ClientAuth {
  const { id, secret, token } = client;
  switch (clientAuthMethod(client)) {
    case 'basic':
      return ClientSecretBasic(secret ?? '');
    case 'post':
      return ClientSecretPost(secret ?? '');
    case 'bearer':
      return bearerToken(token ?? '');
    case 'private_key_jwt':
      return signedAssertion(client);
    case 'none':
      return id === undefined ? () => undefined : None();
  }
}

const bearerToken =
  (token: BearerClient['token']): ClientAuth =>
  async (_server, _client, _body, headers) => {
    const current: unknown = typeof token === 'function' ? await token() : token;
    if (typeof current !== 'string' || !isB64Token(current)) {
      throw codedError(
        'ERR_LATCHKEY_OPTION',
        'introspection(): option "client.token" returned something that is not a token',
      );
    }
    headers.set('Authorization', `Bearer ${current}`);
  };

const UNUSABLE_KEY =
  'cannot sign: pass RSA of 2048 to 8192 bits, EC of P-256, P-384 or P-521, or Ed25519';

function signedAssertion({ key: input, kid, algorithm }: ParsedClient): ClientAuth {
  const key = readPrivateKey(input);
  const fitting = key ? signingAlgorithms(key) : [];
  const alg = algorithm ?? fitting[0];
  if (!key || alg === undefined || !fitting.includes(alg)) {
    const problem = alg === undefined ? UNUSABLE_KEY : `does not fit the algorithm ${alg}`;
    throw typeError('ERR_LATCHKEY_OPTION', `introspection(): option "client.key" ${problem}`);
  }
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signing = importPKCS8(pem, alg).then((cryptoKey) =>
    PrivateKeyJwt(
      { key: cryptoKey, ...omitUndefined({ kid }) },
      // EdDSA and Ed25519 are two names of one algorithm, of which a server may know only one.
      { [modifyAssertion]: (header) => void (header.alg = alg) },
    ),
  );
  return async (...request) => (await signing)(...request);
}
