import * as z from 'zod/mini';

import { isB64Token } from '../../credential/credential';
import { check, nonEmptyString } from '../../internal/options';
import { explainKeyText } from '../explain-key';
import { type Algorithm, isAlgorithm } from '../jwt/signature';
import { type PrivateKeyInput, readPrivateKey } from '../private-key';
import type { BearerClient } from './client-options';

const AUTH_METHODS = ['none', 'basic', 'post', 'private_key_jwt', 'bearer'] as const;
const REGISTERED_METHODS = [
  'client_secret_basic',
  'client_secret_post',
  'private_key_jwt',
] as const;
type AuthMethod = (typeof AUTH_METHODS)[number];
type RegisteredMethod = (typeof REGISTERED_METHODS)[number];

const BY_REGISTERED_NAME: Readonly<Record<RegisteredMethod, AuthMethod>> = {
  client_secret_basic: 'basic',
  client_secret_post: 'post',
  private_key_jwt: 'private_key_jwt',
};

interface Members {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}
/** The members of each kind of client, apart from `auth` and `method`. */
const MEMBERS: Readonly<Record<AuthMethod, Members>> = {
  none: { required: [], optional: ['id'] },
  basic: { required: ['id', 'secret'], optional: [] },
  post: { required: ['id', 'secret'], optional: [] },
  private_key_jwt: { required: ['id', 'key'], optional: ['kid', 'algorithm'] },
  bearer: { required: ['token'], optional: [] },
};

const oneOf = <T extends string>(values: readonly T[]) =>
  check<T>(values.map((value) => `"${value}"`).join(' or '), (value) =>
    values.some((one) => one === value),
  );
const isBearerToken = (value: unknown): boolean =>
  typeof value === 'function' || (typeof value === 'string' && isB64Token(value));

const EXPECTED =
  'must be { id, secret }, { id, auth: "post", secret }, { id, auth: "private_key_jwt", key }, { auth: "bearer", token } or { auth: "none" }';

const membersSchema = z.strictObject(
  {
    id: z.optional(nonEmptyString),
    auth: z.optional(oneOf(AUTH_METHODS)),
    method: z.optional(oneOf(REGISTERED_METHODS)),
    secret: z.optional(nonEmptyString),
    key: z.optional(
      z.custom<PrivateKeyInput>().check(
        z.refine((value) => value === undefined || readPrivateKey(value) !== undefined, {
          error: ({ input }) => explainPrivateKey(input),
        }),
      ),
    ),
    kid: z.optional(nonEmptyString),
    algorithm: z.optional(check<Algorithm>('the name of an algorithm', isAlgorithm)),
    token: z.optional(
      check<BearerClient['token']>(
        'a token (RFC 6750 §2.1), or a function that returns one',
        isBearerToken,
      ),
    ),
  },
  { error: ({ code }) => (code === 'invalid_type' ? EXPECTED : undefined) },
);

/** The option `client`, checked. */
export type ParsedClient = z.output<typeof membersSchema>;

/** The option `client`. */
export const clientSchema = membersSchema
  .check(
    z.refine(({ auth, method }) => auth === undefined || method === undefined, {
      error: 'must have "auth" or "method", not both',
    }),
  )
  .check(z.refine(hasMembersOfMethod, { error: EXPECTED }));

/** Returns how a client authenticates, from either name of the method. */
export const clientAuthMethod = ({ auth, method }: ParsedClient): AuthMethod =>
  auth ?? (method === undefined ? 'basic' : BY_REGISTERED_NAME[method]);

function hasMembersOfMethod(client: ParsedClient): boolean {
  const { required, optional } = MEMBERS[clientAuthMethod(client)] ?? MEMBERS.basic;
  const { auth: _auth, method: _method, ...members } = client;
  const given = Object.entries(members).flatMap(([name, value]) =>
    value === undefined ? [] : [name],
  );
  return (
    required.every((name) => given.includes(name)) &&
    given.every((name) => required.includes(name) || optional.includes(name))
  );
}

function explainPrivateKey(input: unknown): string {
  const explanation = typeof input === 'string' ? explainKeyText(input) : undefined;
  return `must be a private key: ${explanation ?? 'a PEM without a passphrase, a JWK or a KeyObject'}`;
}
