/**
 * A command that failed. What a client or a server says of it may hold the command, with ids, digests and values, as a member
 * or between quotes in its message: only the message up to the first quote is kept.
 */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  readonly why: string;

  constructor(command: string, why: string) {
    super(`Redis ${command}: ${why}`);
    this.why = why;
  }

  static of(command: string, error: unknown): RedisError {
    const { message, code } = error as { message?: string; code?: string };
    return new RedisError(command, message?.split(/\s['"`]|[\r\n]/, 1)[0] || code || 'failed');
  }
}
