import type { IncomingMessage } from 'node:http';

import type { User } from 'latchkey/authorization-server';

/**
 * The only user of the examples. Store slow, salted hashes of passwords, and limit the attempts.
 */
export const ada = {
  username: 'ada',
  password: 'lovelace',
  user: { subject: 'acct_42', name: 'Ada' },
} as const;

export const authenticate = (username: unknown, password: unknown): User | undefined =>
  username === ada.username && password === ada.password ? ada.user : undefined;

/** The user who sends a name and a password by HTTP Basic (RFC 7617). */
export function basicUser({ headers }: IncomingMessage): User | undefined {
  const [, encoded = ''] = /^Basic (\S+)$/i.exec(headers.authorization ?? '') ?? [];
  const [username, ...password] = Buffer.from(encoded, 'base64').toString().split(':');
  return authenticate(username, password.join(':'));
}
