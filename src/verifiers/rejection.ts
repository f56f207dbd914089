import type { Reason } from '../credential/reason';

/**
 * A credential that a verifier rejected, and why: `detail` is for the operator and never holds a
 * secret or a claim's value.
 */
export interface Rejection {
  readonly ok: false;
  readonly reason: Reason;
  readonly detail: string;
}

export const reject = (reason: Reason, detail: string): Rejection => ({
  ok: false,
  reason,
  detail,
});
