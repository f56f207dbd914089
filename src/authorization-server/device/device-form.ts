import { hash, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Provider } from 'oidc-provider';

import { isCrossSiteRequest } from '../../extractors/csrf';
import { isEqual } from '../interaction/csrf-token';

/** A request for the page on which users enter the code of a device. */
export interface DeviceExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The request without its body, for oidc-provider. */
  readonly providerReq: IncomingMessage;
  /** Path of the page. */
  readonly path: string;
}

const COOKIE = 'latchkey_device';
const FIELD = 'csrf_token';

/** The hidden fields of a form that a browser sends, which prove that it is from our own page. */
export type DeviceFields = Readonly<Record<typeof FIELD, string>>;

/** Returns the hidden fields for a browser, and sets its cookie if it has none. */
export function deviceFields(
  provider: Provider,
  { providerReq, res, path }: DeviceExchange,
): DeviceFields {
  const { cookies } = provider.createContext(providerReq, res);
  const known = cookies.get(COOKIE);
  const value = isCookie(known) ? known : randomBytes(32).toString('base64url');
  if (value !== known) {
    cookies.set(COOKIE, value, { httpOnly: true, sameSite: 'lax', path, overwrite: true });
  }
  return { [FIELD]: toToken(value) };
}

/** Whether a form is from our own page, in the browser that loaded it. */
export function isOwnForm(
  provider: Provider,
  { req, res, providerReq }: DeviceExchange,
  form: URLSearchParams,
): boolean {
  const known = provider.createContext(providerReq, res).cookies.get(COOKIE);
  return !isCrossSiteRequest(req) && isCookie(known) && isEqual(form.get(FIELD), toToken(known));
}

const isCookie = (value: string | undefined): value is string =>
  value !== undefined && /^[\w-]{43}$/.test(value);

const toToken = (value: string): string => hash('sha256', `csrf device ${value}`, 'base64url');
