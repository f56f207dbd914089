/** A mistake of the client. It never quotes a secret. */
export interface Fault {
  /** The HTTP status. */
  readonly status: number;
  /** The reason phrase of the status in snake_case. */
  readonly error: string;
  /** One sentence, which may be shown to a user. */
  readonly message: string;
  /** The field at fault, if it is one. */
  readonly field?: string;
}

/** The value of an operation, or the mistake of the client. */
export type Outcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly fault: Fault };

export const succeed = <T>(value: T): Outcome<T> => ({ ok: true, value });

export const fail = (fault: Fault): Outcome<never> => ({ ok: false, fault });

/** A field that the client must correct. The message begins with the name of the field. */
export const invalidField = (field: string, sentence: string): Fault => ({
  status: 400,
  error: 'bad_request',
  message: `"${field}" ${sentence}`,
  field,
});

export const invalidRequest = (message: string): Fault => ({
  status: 400,
  error: 'bad_request',
  message,
});

/** Also for what belongs to another account, so that nobody learns that it exists. */
export const NOT_FOUND: Fault = { status: 404, error: 'not_found', message: 'Not found' };

export const conflict = (message: string): Fault => ({ status: 409, error: 'conflict', message });

export const forbiddenScope = (scope: string): Fault => ({
  status: 403,
  error: 'forbidden',
  message: `"scopes" must not contain ${scope}, which the account may not grant`,
  field: 'scopes',
});

/** What is known of the old key after the store failed in the middle of a rotation. */
export type OldKeyState = 'works' | 'ended' | 'unknown';

const ROTATION_FAILURES: Readonly<Record<OldKeyState, string>> = {
  works: 'The key could not be rotated: the old key still works',
  ended: 'The key could not be rotated, and the old key no longer works: create a new one',
  unknown: 'The key could not be rotated: read its status before you try again',
};

/** The store failed in the middle of a rotation. `cause` is the error of the store. */
export class RotationError extends Error {
  override readonly name = 'RotationError';
  readonly code = 'ERR_LATCHKEY_STORE';

  constructor(
    readonly oldKey: OldKeyState,
    options: ErrorOptions,
  ) {
    super(ROTATION_FAILURES[oldKey], options);
  }
}
