/** A request that we refuse ourselves. The message is for the client. */
export class RefusedRequest extends Error {
  constructor(
    message: string,
    readonly status = 400,
    readonly headers: Readonly<Record<string, string>> = {},
    /** An error code of RFC 6749 §5.2. */
    readonly error = 'invalid_request',
  ) {
    super(message);
  }
}
