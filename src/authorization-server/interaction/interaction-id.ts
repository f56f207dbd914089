import { hash, randomBytes } from 'node:crypto';

/**
 * The ID of an interaction is a secret in a cookie. URLs, which end up in access logs and browser
 * histories, hold only this public part, from which the ID does not follow.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
export function toPublicId(id: string): string {
  const [publicId, secret] = id.split('.');
  return secret === undefined
    ? hash('sha256', `interaction ${id}`, 'base64url')
    : (publicId as string);
}

/** Creates another secret ID with the same public part, so that the page keeps its URL. */
export const renewId = (id: string): string =>
  `${toPublicId(id)}.${randomBytes(32).toString('base64url')}`;
