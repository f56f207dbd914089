import { randomBytes } from 'node:crypto';

import { toDigest } from '../../credential/digest';
import type { StateStore } from '../../stores/store';
import { days } from './format';

/** The result of sending a form. */
export type TokenState = 'new' | 'used' | 'invalid';

/** Tokens of forms that create something: each is accepted once, so a reload creates nothing. */
export interface FormTokens {
  create(): string;
  claim(subject: string, token: string): Promise<TokenState>;
}

const GROUP = 'management:form';
const TOKEN = /^(\d{13})-[\w-]{24}$/;
const VALID_MS = days(1);

/** Tokens are accepted for a day, and the store remembers the used ones for longer. */
export const formTokens = (store: StateStore): FormTokens => ({
  create: () => `${Date.now()}-${randomBytes(18).toString('base64url')}`,
  async claim(subject, token) {
    const createdAt = Number(TOKEN.exec(token)?.[1]);
    const now = Date.now();
    if (!(createdAt > now - VALID_MS && createdAt <= now + VALID_MS)) {
      return 'invalid';
    }
    const id = toDigest(JSON.stringify([subject, token]));
    const isNew = await store.setIfAbsent(GROUP, id, 'used', createdAt + 2 * VALID_MS);
    return isNew ? 'new' : 'used';
  },
});
