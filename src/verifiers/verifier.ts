import type { Credential } from '../credential/credential';
import type { Principal } from '../credential/principal';
import { type Reason, REASONS } from '../credential/reason';
import type { Confirmation } from '../credential/record';
import type { RevocationEvent } from '../credential/revocation';
import { codedError } from '../internal/errors';
import { isAbsentOr, isNonEmptyString, isObject } from '../internal/type-guards';

/**
 * The extractors of access tokens by default: the `Authorization` header (RFC 6750 §2.1, RFC 9449
 * §7.1).
 */
export const AUTHORIZATION: readonly string[] = ['bearer', 'dpop'];

/**
 * The result of `verify()`. A credential that is invalid is a value with a reason. A verifier that
 * cannot decide throws instead, and the guard responds with 503.
 */
export type Verification =
  | {
      /** The credential is valid. */
      readonly ok: true;
      /** Who the credential belongs to, with its scopes. */
      readonly principal: Principal;
      /**
       * When the credential expires, clock tolerance included, in milliseconds since the epoch. It
       * is never cached for longer.
       */
      readonly expiresAt?: number;
      /**
       * The key or certificate that the client must prove possession of: the members of `cnf`.
       * @see https://www.rfc-editor.org/rfc/rfc7800#section-3.1
       */
      readonly confirmation?: Confirmation;
      /** The grant that the credential was issued for. Revoking the grant revokes it. */
      readonly grantId?: string;
      /**
       * When the credential was issued, in milliseconds since the epoch, for a credential such as a
       * JWT that is no fresher after it is verified again. An earlier revocation does not cover it.
       */
      readonly issuedAt?: number;
    }
  | {
      /** The credential is invalid. */
      readonly ok: false;
      /** Why, for the operator. The client does not see it. */
      readonly reason: Reason;
      /**
       * What exactly was wrong, for the operator: the claim that failed, for example. It is never
       * sent to the client and must not hold a secret.
       */
      readonly detail?: string;
    };

/**
 * Verifies one kind of credential. It knows nothing of HTTP.
 *
 * @example
 * const internalTokens: Verifier = {
 *   name: 'internal',
 *   accepts: ({ token }) => token.startsWith('internal_'),
 *   verify: async ({ token }) => {
 *     const service = await findService(token);
 *     return service
 *       ? { ok: true, principal: { kind: 'internal', verifier: 'internal', subject: service.id,
 *           scopes: service.scopes, claims: {} } }
 *       : { ok: false, reason: 'unknown' };
 *   },
 * };
 */
export interface Verifier {
  /** The name of the verifier in principals and decisions. */
  readonly name: string;
  /**
   * Generated credentials of the form that this verifier accepts. `latchkey()` uses them to reject
   * two verifiers that accept the same form.
   */
  readonly samples?: readonly Credential[];
  /** True for a verifier that accepts every form. It must be the last in the list. */
  readonly catchAll?: true;
  /**
   * The names of the extractors whose credentials are verified.
   * @default all extractors
   */
  readonly extractors?: readonly string[];
  /**
   * The length of the longest accepted token, in characters. A longer one is rejected before
   * `verify()` is called.
   * @default 8192
   */
  readonly maxTokenLength?: number;
  /**
   * Returns whether a credential has the form that this verifier verifies. Synchronous and without
   * I/O; for a JWT, it may read the unverified `iss`.
   *
   * @param credential - the credential as presented
   */
  accepts(credential: Credential): boolean;
  /**
   * Returns whether a token that is not allowed in `Authorization` (RFC 6750 §2.1) is accepted
   * nevertheless: an imported key with `|`, `:` or `$`, for example. Synchronous and without I/O.
   * Without this method, such tokens are rejected.
   *
   * @param credential - the credential as presented
   */
  acceptsLegacy?(credential: Credential): boolean;
  /**
   * Verifies a credential. If it throws or rejects, the guard responds with 503, never with 401.
   *
   * @param credential - a credential that `accepts()` returned true for
   * @returns the principal of a valid credential, or the reason why it is invalid
   */
  verify(credential: Credential): Verification | Promise<Verification>;
  /**
   * Notifies a listener of every revocation, on this instance or another.
   *
   * @param onRevoked - the listener
   * @returns a function that ends the subscription
   */
  subscribe?(onRevoked: (event: RevocationEvent) => void): () => void | Promise<void>;
  /**
   * Notifies a listener when credentials are issued, imported or enabled on this instance. Guards
   * then discard the rejections that they cached.
   *
   * @param listener - the listener
   * @returns a function that ends the subscription
   */
  subscribeToAdditions?(listener: () => void): () => void;
  /**
   * Is called for every request that is accepted, also if the verification was cached.
   *
   * @param principal - who the request is from
   * @param at - when, in milliseconds since the epoch
   */
  onUsed?(principal: Principal, at?: number): void;
  /** Writes the usage that is counted in memory. The verifier continues to work. */
  flush?(): void | Promise<void>;
  /** Writes the usage that is counted in memory, and releases resources. */
  close?(): void | Promise<void>;
}

/** Reasons that a verifier cannot give: guards decide them without one. */
const REASONS_OF_GUARDS: readonly Reason[] = ['missing', 'multiple', 'unavailable'];
const REASONS_OF_VERIFIERS: ReadonlySet<unknown> = new Set(
  REASONS.filter((reason) => !REASONS_OF_GUARDS.includes(reason)),
);

type Test = (value: unknown) => boolean;
const isString: Test = (value) => typeof value === 'string';
const isTime: Test = (value) => typeof value === 'number' && !Number.isNaN(value);
const isListOfStrings: Test = (value) => Array.isArray(value) && value.every(isString);

const hasMembers =
  (tests: Readonly<Record<string, Test>>): Test =>
  (value) =>
    isObject(value) && Object.entries(tests).every(([name, test]) => test(value[name]));

const isPrincipal = hasMembers({
  subject: isNonEmptyString,
  kind: isString,
  scopes: isListOfStrings,
  claims: (value) => typeof value === 'object' && value !== null,
});
const isAccepted = hasMembers({
  ok: (value) => value === true,
  principal: isPrincipal,
  expiresAt: isAbsentOr(isTime),
  issuedAt: isAbsentOr(isTime),
  confirmation: isAbsentOr(isObject),
});
const isRejected = hasMembers({
  ok: (value) => value === false,
  reason: (value) => REASONS_OF_VERIFIERS.has(value),
  detail: isAbsentOr(isString),
});

/**
 * Checks what a verifier returned. Anything that is not a `Verification` is handled as an outage.
 *
 * @throws {Error} `ERR_LATCHKEY_VERIFIER` if it is not a `Verification`
 */
export function checkVerification(
  verification: unknown,
  verifier: string,
): asserts verification is Verification {
  if (!isAccepted(verification) && !isRejected(verification)) {
    throw codedError(
      'ERR_LATCHKEY_VERIFIER',
      `The verifier "${verifier}" returned something that is not a Verification`,
    );
  }
}
