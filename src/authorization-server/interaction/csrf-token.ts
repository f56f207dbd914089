import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import type { Interaction as ProviderInteraction } from 'oidc-provider';

import { isCrossSiteRequest } from '../../extractors/csrf';
import { RefusedPage } from '../request/refused-request';
import { loginOf } from './login-result';

/**
 * Returns the value of the hidden field of a page's form. The consent page has another than the
 * login page, so someone who started the interaction in another browser does not know it.
 */
export const csrfToken = (pending: ProviderInteraction): string =>
  loginOf(pending)
    ? hash('sha256', `csrf ${pending.cid} ${pending.uid}`, 'base64url')
    : loginCsrfToken(pending);

/** `cid` is only in the store, so no token follows from what the browser has. */
const loginCsrfToken = ({ cid }: ProviderInteraction): string =>
  hash('sha256', `csrf ${cid}`, 'base64url');

/**
 * Rejects a form that is not from our own page.
 * @throws RefusedRequest if it came from another site or lacks the token of this page
 */
export function checkForm(
  req: IncomingMessage,
  form: URLSearchParams | undefined,
  pending: ProviderInteraction,
): void {
  if (form && (isCrossSiteRequest(req) || !isEqual(form.get('csrf_token'), csrfToken(pending)))) {
    throw new RefusedPage('foreignForm');
  }
}

/**
 * Whether this is the login form of a user who has logged in already, after a double click for
 * example.
 */
export const isLoginFormSentTwice = (
  form: URLSearchParams,
  pending: ProviderInteraction,
): boolean =>
  loginOf(pending) !== undefined && isEqual(form.get('csrf_token'), loginCsrfToken(pending));

/** Compares two tokens in constant time. */
export const isEqual = (given: string | null, expected: string): boolean =>
  given?.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));
