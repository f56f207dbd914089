/**
 * A command that failed. What a client or a server says of it may contain the command, with IDs,
 * digests and values, as a member or between quotes in the message: only the message up to the
 * first quote is kept.
 */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  readonly code = 'ERR_LATCHKEY_STORE';
  /** What the server or the client said. */
  readonly reason: string;
  /**
   * The code of the server's reply (`NOPERM`, `OOM`) or of the client's error (`ECONNREFUSED`), if
   * there is one.
   */
  readonly driverCode: string | undefined;

  constructor(
    command: string,
    reason: string,
    driverCode: string | undefined = /^[A-Z]{3,}(?= )/.exec(reason)?.[0],
  ) {
    super(`Redis ${command}: ${reason}`);
    this.reason = reason;
    this.driverCode = driverCode;
  }

  static from(command: string, error: unknown): RedisError {
    if (error instanceof RedisError) {
      return error;
    }
    const { message, code } = (error ?? {}) as { message?: string; code?: string };
    const driverCode =
      typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined;
    const reason = message?.split(/\s['"`]|[\r\n]/, 1)[0] || driverCode || 'failed';
    return driverCode === undefined
      ? new RedisError(command, reason)
      : new RedisError(command, reason, driverCode);
  }
}
