import * as z from 'zod/mini';

import { isScopeToken } from '../credential/scopes';
import type { Extractor } from '../extractors/extractor';
import { typeError } from '../internal/errors';
import { arrayOf, challengeText, check, isIdentifier, nonEmptyString } from '../internal/options';
import type { Middleware } from './middleware';
import { serveJson } from './serve-json';

/**
 * Metadata of the API as an OAuth 2.0 protected resource.
 * @see https://www.rfc-editor.org/rfc/rfc9728#section-2
 */
export interface ResourceOptions {
  /**
   * Resource identifier: an `https` URL without query and fragment, or `http` on a loopback host.
   */
  readonly url: string;
  /** Issuers of the authorization servers whose tokens the API accepts. */
  readonly authorizationServers?: readonly string[];
  /**
   * Scopes to publish.
   * @default the declared scopes
   */
  readonly scopesSupported?: readonly string[];
  /** `resource_name`: the name of the API, shown to users. */
  readonly name?: string;
  /** `resource_documentation`: URL of a page for developers. */
  readonly documentation?: string;
  /** `resource_policy_uri`: URL of a page on how data may be used. */
  readonly policyUri?: string;
  /** `resource_tos_uri`: URL of the terms of service. */
  readonly tosUri?: string;
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

const webUrl = check(
  'an http or https URL',
  (value) => typeof value === 'string' && /^https?:\/\/\S+$/.test(value) && URL.canParse(value),
);

export const resourceSchema = z.strictObject({
  url: z.intersection(
    challengeText,
    check('an https URL without query and fragment (http on a loopback host)', isIdentifier),
  ),
  authorizationServers: z.optional(
    arrayOf(
      'issuers: https URLs without query and fragment (http on a loopback host)',
      isIdentifier,
    ),
  ),
  scopesSupported: z.optional(
    arrayOf('scopes (RFC 6749 §3.3: visible ASCII without space, " and \\)', isScopeToken),
  ),
  name: z.optional(nonEmptyString),
  documentation: z.optional(webUrl),
  policyUri: z.optional(webUrl),
  tosUri: z.optional(webUrl),
});

/** Returns the URL of the metadata. Its well-known path precedes that of the resource. */
export function metadataUrl({ url }: ResourceOptions): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}`;
}

/** The part of the metadata that follows from other options. */
export interface DerivedMetadata {
  readonly scopes: readonly string[] | undefined;
  readonly extractors: readonly Extractor[];
  /** Whether tokens may be bound to a client's certificate. */
  readonly certificates: boolean;
}

/**
 * Creates middleware that serves the metadata at its path, to any origin and without
 * authentication.
 */
export function resourceMetadata(
  resource: ResourceOptions | undefined,
  { scopes, extractors, certificates }: DerivedMetadata,
): Middleware {
  if (!resource) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      'resourceMetadata(): latchkey() must have the option "resource"',
    );
  }
  return serveJson([new URL(metadataUrl(resource)).pathname], {
    resource: resource.url,
    authorization_servers: resource.authorizationServers,
    scopes_supported: resource.scopesSupported ?? scopes,
    bearer_methods_supported: extractors.some(({ scheme }) => scheme === 'Bearer')
      ? ['header']
      : [],
    resource_name: resource.name,
    resource_documentation: resource.documentation,
    resource_policy_uri: resource.policyUri,
    resource_tos_uri: resource.tosUri,
    tls_client_certificate_bound_access_tokens: certificates || undefined,
    dpop_signing_alg_values_supported: extractors
      .find(({ algs }) => algs !== undefined)
      ?.algs?.split(' '),
  });
}
