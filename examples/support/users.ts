import type { User } from 'latchkey/authorization-server';

/**
 * The one user of the examples. Of yours you keep no passwords but slow, salted hashes, and count
 * the tries.
 */
export const ada = {
  username: 'ada',
  password: 'lovelace',
  user: { subject: 'acct_42', name: 'Ada' },
} as const;

export const authenticate = (username: unknown, password: unknown): User | undefined =>
  username === ada.username && password === ada.password ? ada.user : undefined;
