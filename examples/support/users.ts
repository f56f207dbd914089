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
