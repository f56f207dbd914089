import type { Reason } from '../credential/reason';

/** The rejection of a credential. */
export interface Rejection {
  readonly ok: false;
  readonly reason: Reason;
  /** What was wrong, for the operator. It never holds a secret or the value of a claim. */
  readonly detail: string;
}

export const reject = (reason: Reason, detail: string): Rejection => ({
  ok: false,
  reason,
  detail,
});

/** Returns undefined if something required is true, otherwise a rejection. */
export const rejectUnless = (
  isTrue: boolean,
  reason: Reason,
  detail: string,
): Rejection | undefined => (isTrue ? undefined : reject(reason, detail));
