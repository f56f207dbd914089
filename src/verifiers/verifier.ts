import type { Credential } from '../credential/credential';
import type { Principal } from '../credential/principal';
import { type Reason, REASONS } from '../credential/reason';
import type { Confirmation } from '../credential/record';
import type { RevocationEvent } from '../credential/revocation';
import { codedError } from '../internal/errors';

/** Extractors of access tokens: `Authorization` alone (RFC 6750 §2.1, RFC 9449 §7.1). */
export const AUTHORIZATION: readonly string[] = ['bearer', 'dpop'];

/**
 * What came of proving a credential. The client's fault is a value; a throw is ours, and answered
 * 503.
 */
export type Verification =
  | {
      readonly ok: true;
      readonly principal: Principal;
      /** Good no longer than this, tolerance included; milliseconds since the epoch. */
      readonly expiresAt?: number;
      /** `cnf` (RFC 7800): the key or certificate that the caller has to show. */
      readonly confirmation?: Confirmation;
      /** The grant that it came from, for revocation marks. */
      readonly grantId?: string;
      /**
       * How old the evidence is, where proving anew cannot renew it (a JWT's `iat`); milliseconds
       * since the epoch.
       */
      readonly issuedAt?: number;
    }
  | {
      readonly ok: false;
      readonly reason: Reason;
      /**
       * What exactly was wrong, for the operator: the claim that failed, for example. Never sent to
       * the client. Never put a secret here.
       */
      readonly detail?: string;
    };

/** How to prove one kind of credential. Knows nothing of HTTP. */
export interface Verifier {
  /** Names it in principals and decisions. */
  readonly name: string;
  /**
   * Made-up credentials of its form: two verifiers that would take each other's are refused at
   * start-up.
   */
  readonly samples?: readonly Credential[];
  /** Takes tokens of any form: no other may stand behind it. */
  readonly catchAll?: true;
  /**
   * Names of the extractors whose credentials it reads. Without it, the verifier may read those of
   * any extractor.
   */
  readonly extractors?: readonly string[];
  /**
   * Longest token that it accepts, in characters. A longer one is rejected before `verify()` is
   * called.
   * @default 8192
   */
  readonly maxTokenLength?: number;
  /** By form alone (for JWTs form and unverified `iss`): synchronous, no I/O. */
  accepts(credential: Credential): boolean;
  /**
   * Whether it accepts a token that `Authorization` does not allow: an imported key with `|`, `:`
   * or `$`, for example. Without it, such a token is rejected. Synchronous, no I/O.
   */
  acceptsLegacy?(credential: Credential): boolean;
  /** Proves it. A throw or rejection is our fault, never the client's: 503. */
  verify(credential: Credential): Verification | Promise<Verification>;
  /**
   * Push: tells of what was revoked, on this machine or another. Returns the end of the
   * subscription.
   */
  subscribe?(revoked: (mark: RevocationEvent) => void): () => void | Promise<void>;
  /**
   * Notifies the guards of this instance that credentials were issued, imported or enabled: they
   * forget the rejections of the last second. Returns the end of the subscription.
   */
  subscribeToAdditions?(listener: () => void): () => void;
  /** A use, and when, in milliseconds since the epoch; also when the cache answered. */
  onUsed?(principal: Principal, at?: number): void;
  /** Writes what is counted in memory, and goes on working. */
  flush?(): void | Promise<void>;
  /** Writes what is left to write. */
  close?(): void | Promise<void>;
}

/**
 * What a verifier may say of a credential. Whether there is one, and what follows from that, is not
 * for it to say.
 */
const VERDICTS: ReadonlySet<unknown> = new Set(
  REASONS.filter((reason) => !['missing', 'multiple', 'unavailable'].includes(reason)),
);
const isAbsentOrTime = (value: unknown): boolean =>
  value === undefined || (typeof value === 'number' && !Number.isNaN(value));

/** A verifier that talks nonsense is an outage like a store that does. */
export function checkVerification(
  verification: unknown,
  verifier: string,
): asserts verification is Verification {
  const v = verification as
    | {
        ok?: unknown;
        reason?: unknown;
        detail?: unknown;
        expiresAt?: unknown;
        issuedAt?: unknown;
        confirmation?: unknown;
        principal?: Partial<Principal>;
      }
    | null
    | undefined;
  const p = v?.principal;
  const refused =
    v?.ok === false &&
    VERDICTS.has(v.reason) &&
    (v.detail === undefined || typeof v.detail === 'string');
  const proven =
    v?.ok === true &&
    isAbsentOrTime(v.expiresAt) &&
    isAbsentOrTime(v.issuedAt) &&
    (v.confirmation === undefined ||
      (typeof v.confirmation === 'object' &&
        v.confirmation !== null &&
        !Array.isArray(v.confirmation))) &&
    typeof p?.subject === 'string' &&
    p.subject !== '' &&
    typeof p.kind === 'string' &&
    Array.isArray(p.scopes) &&
    p.scopes.every((scope) => typeof scope === 'string') &&
    typeof p.claims === 'object' &&
    p.claims !== null;
  if (!refused && !proven) {
    throw codedError(
      'ERR_LATCHKEY_VERIFIER',
      `The verifier ${verifier} answered something that is not a verification`,
    );
  }
}
