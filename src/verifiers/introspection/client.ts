import type { KeyObject } from 'node:crypto';

import { importPKCS8 } from 'jose';
import {
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  modifyAssertion,
  None,
  PrivateKeyJwt,
} from 'oauth4webapi';
import * as z from 'zod';

import { isB64Token } from '../../credential/credential';
import { codedError, typeError } from '../../internal/errors';
import { check, nonEmptyString } from '../../internal/options';
import { explainKeyText } from '../explain-key';
import { type Algorithm, ALGORITHMS } from '../jwt/signature';
import { algorithmsOf, type PrivateKeyInput, privateKeyOf } from '../private-key';

/** A client that authenticates with a secret. */
export interface SecretClient {
  /** `client_id` */
  readonly id: string;
  readonly secret: string;
  /**
   * How the secret is sent (RFC 6749 §2.3.1): in the `Authorization` header or in the form.
   * @default 'basic'
   */
  readonly auth?: 'basic' | 'post';
  /** The same under its registered name (RFC 7591 §2). Pass one of the two. */
  readonly method?: 'client_secret_basic' | 'client_secret_post';
}

interface AssertionKey {
  /** `client_id` */
  readonly id: string;
  readonly key: PrivateKeyInput;
  /** `kid` of the assertion, for a server that knows several keys of this client. */
  readonly kid?: string;
  /**
   * `alg` of the assertion.
   * @default the first that fits the key: RS256, ES256 to ES512 by the curve, EdDSA
   */
  readonly algorithm?: Algorithm;
}

/** A client that signs an assertion with its private key (RFC 7523 §2.2). */
export type KeyClient = AssertionKey &
  (
    | { readonly auth: 'private_key_jwt'; readonly method?: never }
    | { readonly method: 'private_key_jwt'; readonly auth?: never }
  );

/** No authentication: for an endpoint that only a private network reaches. */
export interface NoClient {
  readonly auth: 'none';
  /** `client_id`, for a server that expects it from a public client. */
  readonly id?: string;
}

/** Authentication with an access token (RFC 7662 §2.1). */
export interface BearerClient {
  readonly auth: 'bearer';
  /** The token, or a function that returns the current one. */
  readonly token: string | (() => string | Promise<string>);
}

/** How this API authenticates to the introspection endpoint. */
export type IntrospectionClient = SecretClient | KeyClient | NoClient | BearerClient;

type Auth = 'none' | 'basic' | 'post' | 'private_key_jwt' | 'bearer';
const METHODS: Readonly<Record<string, Auth>> = {
  client_secret_basic: 'basic',
  client_secret_post: 'post',
  private_key_jwt: 'private_key_jwt',
};
/** The members of each kind of client: those required, then those that may be left out. */
const MEMBERS: Readonly<Record<Auth, readonly [readonly string[], readonly string[]]>> = {
  none: [[], ['id']],
  basic: [['id', 'secret'], []],
  post: [['id', 'secret'], []],
  private_key_jwt: [
    ['id', 'key'],
    ['kid', 'algorithm'],
  ],
  bearer: [['token'], []],
};
const AUTHS = Object.keys(MEMBERS);

const quoted = (values: readonly string[]): string =>
  values.map((value) => `"${value}"`).join(' or ');
const isOneOf = (values: readonly unknown[]) => (value: unknown) => values.includes(value);
const isBearerToken = (value: unknown): boolean =>
  typeof value === 'function' || (typeof value === 'string' && isB64Token(value));
const EXPECTED =
  'must be { id, secret }, { id, auth: "post", secret }, { id, auth: "private_key_jwt", key }, { auth: "bearer", token } or { auth: "none" }';

export const clientSchema = z
  .strictObject(
    {
      id: nonEmptyString.optional(),
      auth: check(quoted(AUTHS), isOneOf(AUTHS)).optional(),
      method: check(quoted(Object.keys(METHODS)), isOneOf(Object.keys(METHODS))).optional(),
      secret: nonEmptyString.optional(),
      key: z
        .unknown()
        .refine((value) => value === undefined || privateKeyOf(value) !== undefined, {
          error: ({ input }) => explainPrivateKey(input),
        })
        .optional(),
      kid: nonEmptyString.optional(),
      algorithm: check('the name of an algorithm', isOneOf(Object.keys(ALGORITHMS))).optional(),
      token: check(
        'a token (RFC 6750 §2.1), or a function that returns one',
        isBearerToken,
      ).optional(),
    },
    { error: ({ code }) => (code === 'invalid_type' ? EXPECTED : undefined) },
  )
  .refine(({ auth, method }) => auth === undefined || method === undefined, {
    error: 'must have "auth" or "method", not both',
  })
  .refine(hasItsMembers, { error: EXPECTED });

interface ClientMembers {
  readonly auth?: unknown;
  readonly method?: unknown;
}

/** Returns how a client authenticates, under whichever name it says so. */
export const authOf = ({ auth, method }: ClientMembers): Auth =>
  (auth as Auth | undefined) ?? METHODS[String(method)] ?? 'basic';

function hasItsMembers(client: ClientMembers): boolean {
  const [required, optional] = MEMBERS[authOf(client)];
  const { auth: _auth, method: _method, ...members } = client as Readonly<Record<string, unknown>>;
  const given = Object.keys(members).filter((name) => members[name] !== undefined);
  return (
    required.every((name) => given.includes(name)) &&
    given.every((name) => required.includes(name) || optional.includes(name))
  );
}

function explainPrivateKey(input: unknown): string {
  const why = typeof input === 'string' ? explainKeyText(input) : undefined;
  return `must be a private key: ${why ?? 'a PEM without a passphrase, a JWK or a KeyObject'}`;
}

/**
 * Creates the authentication of a client.
 *
 * @throws TypeError (`ERR_LATCHKEY_OPTION`) for a key that does not fit its algorithm
 * @see https://www.rfc-editor.org/rfc/rfc7662#section-2.1
 */
export function clientAuthentication(client: IntrospectionClient): ClientAuth {
  if ('key' in client) {
    return signedAssertion(client);
  }
  if ('token' in client) {
    return bearerToken(client);
  }
  if ('secret' in client) {
    return authOf(client) === 'post'
      ? ClientSecretPost(client.secret)
      : ClientSecretBasic(client.secret);
  }
  return client.id === undefined ? () => {} : None();
}

function bearerToken({ token }: BearerClient): ClientAuth {
  return async (_server, _client, _body, headers) => {
    const current: unknown = typeof token === 'function' ? await token() : token;
    if (typeof current !== 'string' || !isB64Token(current)) {
      throw codedError(
        'ERR_LATCHKEY_OPTION',
        'introspection(): option "client.token" returned something that is not a token',
      );
    }
    headers.set('Authorization', `Bearer ${current}`);
  };
}

function signedAssertion({ key: input, kid, algorithm }: KeyClient): ClientAuth {
  const key = privateKeyOf(input) as KeyObject;
  const fitting = algorithmsOf(key);
  const alg = algorithm ?? fitting[0];
  if (alg === undefined || !fitting.includes(alg)) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      `introspection(): option "client.key" ${alg === undefined ? 'can sign nothing: pass RSA of 2048 to 8192 bits, EC of P-256, P-384 or P-521, or Ed25519' : `does not fit the algorithm ${alg}`}`,
    );
  }
  const signing = importPKCS8(key.export({ type: 'pkcs8', format: 'pem' }) as string, alg).then(
    (cryptoKey) =>
      PrivateKeyJwt(
        { key: cryptoKey, ...(kid !== undefined && { kid }) },
        // EdDSA and Ed25519 are two names of one algorithm, of which a server may know only one.
        { [modifyAssertion]: (header) => void (header.alg = alg) },
      ),
  );
  return async (...request) => (await signing)(...request);
}
