import { allowInsecureRequests, customFetch, introspectionRequest } from 'oauth4webapi';

import { codedError } from '../../internal/errors';
import { cachedLoader } from '../issuer/cached-loader';
import { type FetchLimits, type JsonObject, requestJson } from '../issuer/fetch';
import { fetchMetadata } from '../issuer/metadata';
import { clientAuthentication } from './client';
import { type ParsedIntrospectionOptions, urlsFor } from './options';

const MAX_RESPONSE_BYTES = 65_536;
const MAX_METADATA_BYTES = 1_048_576;
const METADATA_FRESHNESS = { maxAgeMs: 3_600_000, cooldownMs: 1_000 };
const HINT = { token_type_hint: 'access_token' };

/** Sends a token to the introspection endpoint, and returns the JSON of the response. */
export type IntrospectionQuery = (token: string) => Promise<JsonObject>;

export function introspectionQuery(options: ParsedIntrospectionOptions): IntrospectionQuery {
  const { issuer, client, timeoutMs = 900, remote = {} } = options;
  const { fetch } = remote;
  const limits: FetchLimits = { timeoutMs, maxBytes: MAX_RESPONSE_BYTES };
  const authentication = clientAuthentication(client);
  const resolveEndpoint = endpointResolver(options, {
    timeoutMs,
    maxBytes: MAX_METADATA_BYTES,
    fetch,
  });
  // oauth4webapi requires a client ID. Clients without one do not send it.
  const clientMetadata = { client_id: client.id ?? 'none' };

  const custom = fetch ? { [customFetch]: fetch } : {};

  return async (token) => {
    const url = await resolveEndpoint();
    const server = { issuer: issuer ?? url, introspection_endpoint: url };
    return requestJson(url, limits, (signal) =>
      introspectionRequest(server, clientMetadata, authentication, token, {
        signal,
        additionalParameters: HINT,
        // The URL was checked: plain http is only possible on a loopback or insecure host.
        [allowInsecureRequests]: true,
        ...custom,
      }),
    );
  };
}

/** Returns the configured endpoint, or the one in the issuer's metadata. */
function endpointResolver(
  { endpoint, issuer = '', insecureHosts }: ParsedIntrospectionOptions,
  limits: FetchLimits,
): () => Promise<string> {
  if (endpoint !== undefined) {
    return async () => endpoint;
  }
  const urls = urlsFor(insecureHosts);
  return cachedLoader(async () => {
    const { introspection_endpoint: found } = await fetchMetadata(issuer, limits);
    if (!urls.isTrustedEndpoint(issuer, found)) {
      throw codedError(
        'ERR_LATCHKEY_ISSUER',
        `The metadata of ${issuer} has no usable introspection_endpoint: it must be a URL that secrets may be sent to`,
      );
    }
    return found;
  }, METADATA_FRESHNESS);
}
