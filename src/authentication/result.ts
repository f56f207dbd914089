import type { Principal } from '../credential/principal';
import type { Reason } from '../credential/reason';
import type { ChallengeError, Extractor } from '../extractors/extractor';

/** The request carries a valid credential. */
export interface Authenticated {
  readonly ok: true;
  readonly principal: Principal;
  readonly extractor: Extractor;
  /** DPoP nonce for the client's next proof. */
  readonly nonce?: string;
}

/** Why a credential was rejected, independent of the request that carried it. */
export interface Rejection {
  readonly ok: false;
  readonly reason: Reason;
  readonly verifier?: string | undefined;
  /** For the operator: what exactly was wrong. */
  readonly detail?: string | undefined;
  /** For the operator: the error behind `unavailable`. */
  readonly error?: unknown;
}

export interface Unauthenticated extends Rejection {
  /** The extractor of the credential, if exactly one was found. */
  readonly extractor?: Extractor | undefined;
  /** What the request lacks besides its credential (DPoP). */
  readonly demand?: ChallengeError | undefined;
}

export type AuthenticationResult = Authenticated | Unauthenticated;

/**
 * Adds the extractor. Written out: spreading `rejection` is the single largest cost of rejecting a
 * junk request.
 */
export const rejectedFrom = (
  { reason, verifier, detail, error }: Rejection,
  extractor: Extractor,
): Unauthenticated => ({
  ok: false,
  reason,
  extractor,
  verifier,
  detail,
  error,
});

/** The verifier or its store failed, so nothing is known about the credential: 503. */
export const unavailable = (verifier: string | undefined, error: unknown): Rejection => ({
  ok: false,
  reason: 'unavailable',
  verifier,
  error,
});
