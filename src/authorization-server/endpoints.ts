import * as z from 'zod/mini';

import { typeError } from '../internal/errors';
import { check, checkOptions, isIdentifier } from '../internal/options';

/**
 * The endpoints, by the names of RFC 8414. Users log in and consent at `interaction`, and enter the
 * code of a device at `deviceVerification`.
 */
export type EndpointName =
  | 'authorization'
  | 'token'
  | 'revocation'
  | 'introspection'
  | 'jwks'
  | 'registration'
  | 'interaction'
  | 'pushedAuthorizationRequest'
  | 'deviceAuthorization'
  | 'deviceVerification';

/**
 * Locations of the endpoints: a path on the issuer's host, or a URL on another host. Of a list, the
 * first is published and all work.
 */
export type EndpointOptions = { readonly [N in EndpointName]?: string | readonly string[] };

export interface Endpoint {
  readonly name: EndpointName;
  /** The published URL. */
  readonly url: string;
  /** The URLs of the endpoint. The first is the published one. */
  readonly urls: readonly string[];
  /** All paths of the endpoint. The first is that of `url`. */
  readonly paths: readonly [string, ...string[]];
}

export type Endpoints = Readonly<Record<EndpointName, Endpoint>>;

const DEFAULTS: Readonly<Record<EndpointName, string>> = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  revocation: '/oauth/revoke',
  introspection: '/oauth/introspect',
  jwks: '/oauth/jwks',
  registration: '/oauth/register',
  interaction: '/oauth/interaction',
  pushedAuthorizationRequest: '/oauth/par',
  deviceAuthorization: '/oauth/device_authorization',
  deviceVerification: '/oauth/device',
};

const PATH = /^(\/[A-Za-z0-9._~-]+)+$/;
const isPlace = (value: unknown): boolean => {
  if (typeof value !== 'string') {
    return false;
  }
  if (value.startsWith('/')) {
    return PATH.test(value);
  }
  return isIdentifier(value) && PATH.test(new URL(value).pathname);
};
const places = z.optional(
  check(
    'a path such as "/oauth/token", or an https URL with one (http on a loopback host), without query and slash at the end; or a list of them',
    (value) => (Array.isArray(value) ? value.length > 0 && value.every(isPlace) : isPlace(value)),
  ),
);

export const endpointsSchema = z.strictObject({
  authorization: places,
  token: places,
  revocation: places,
  introspection: places,
  jwks: places,
  registration: places,
  pushedAuthorizationRequest: places,
  deviceAuthorization: places,
  deviceVerification: places,
  interaction: z.optional(
    check(
      'a path, such as "/oauth/interaction"',
      (value) => typeof value === 'string' && PATH.test(value),
    ),
  ),
});

export function resolveEndpoints(issuer: string, options: EndpointOptions = {}): Endpoints {
  checkOptions('authorizationServer(): endpoints', endpointsSchema, options);
  const entries = (Object.keys(DEFAULTS) as EndpointName[]).map(
    (name): [EndpointName, Endpoint] => {
      const urls = [options[name] ?? DEFAULTS[name]].flat().map((place) => new URL(place, issuer));
      const paths = [...new Set(urls.map(({ pathname }) => pathname))] as [string, ...string[]];
      const [url = '', ...others] = urls.map(({ href }) => href);
      return [name, { name, url, urls: [url, ...others], paths }];
    },
  );
  const taken = new Map<string, EndpointName>();
  for (const [name, { paths }] of entries) {
    for (const path of paths) {
      const other = taken.get(path);
      if (other) {
        throw typeError(
          'ERR_LATCHKEY_OPTION',
          `authorizationServer(): endpoints: ${other} and ${name} are both at ${path}`,
        );
      }
      taken.set(path, name);
    }
  }
  return Object.fromEntries(entries) as Endpoints;
}
