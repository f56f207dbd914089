import type { IncomingMessage, ServerResponse } from 'node:http';

import { membersIf, omitUndefined } from '../../internal/objects';
import { withDeadline } from '../../internal/promises';
import { readJsonObject } from '../request/json-body';
import { RefusedRequest } from '../request/refused-request';
import { type Client, hasSecret, type RegisteredClient } from './client';
import { type ClientMetadata, MetadataError, type MetadataRules } from './client-metadata';
import type { DynamicClients } from './dynamic-clients';
import { normalizeMetadata } from './normalize-metadata';
import type { DynamicRegistrationOptions } from './registration-options';

export interface RegistrationEndpointOptions {
  readonly clients: DynamicClients;
  readonly rules: MetadataRules;
  readonly allow: Required<DynamicRegistrationOptions>['allow'];
  /** Deadline of `allow`, and of a registration in the store, in milliseconds. */
  readonly timeoutMs: number;
}

/** Responds to a request at the registration endpoint. */
export type RespondToRegistration = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

const MAX_BODY_BYTES = 16 * 1_024;

/**
 * Creates the client registration endpoint. Anyone may use it, from any origin.
 * @see https://www.rfc-editor.org/rfc/rfc7591#section-3
 */
export function registrationEndpoint(options: RegistrationEndpointOptions): RespondToRegistration {
  return async (req, res) => {
    res.setHeader('Access-Control-Allow-Origin', '*');
    if (req.method === 'OPTIONS') {
      return sendPreflight(res);
    }
    if (req.method !== 'POST') {
      throw new RefusedRequest('the method must be one of POST', 405, { Allow: 'POST' });
    }
    const metadata = toMetadata(await readJsonObject(req, MAX_BODY_BYTES), options.rules);
    if (!(await isAllowed(options, metadata))) {
      throw new RefusedRequest('the client may not register', 400, {}, 'invalid_client_metadata');
    }
    sendRegistration(res, await register(options, metadata));
  };
}

/** An outage of what `allow` calls is 503 for the client. */
const isAllowed = (
  { allow, timeoutMs }: RegistrationEndpointOptions,
  metadata: ClientMetadata,
): Promise<boolean> =>
  withDeadline(
    Promise.resolve(metadata).then((one) => allow(one)),
    timeoutMs,
  ).catch((cause: unknown) => {
    throw unavailable('the server cannot respond at the moment', cause);
  });

function toMetadata(
  document: Readonly<Record<string, unknown>>,
  rules: MetadataRules,
): ClientMetadata {
  try {
    return normalizeMetadata(document, rules, 'Unnamed app');
  } catch (error) {
    if (error instanceof MetadataError) {
      throw new RefusedRequest(error.message, 400, {}, error.error);
    }
    throw error;
  }
}

async function register(
  { clients, timeoutMs }: RegistrationEndpointOptions,
  metadata: ClientMetadata,
): Promise<RegisteredClient> {
  const registered = await withDeadline(clients.register(metadata), timeoutMs).catch(
    (cause: unknown) => {
      throw unavailable('the server cannot respond at the moment', cause);
    },
  );
  if (!registered) {
    throw unavailable('too many clients are registered');
  }
  return registered;
}

const unavailable = (message: string, cause?: unknown): RefusedRequest =>
  Object.assign(
    new RefusedRequest(message, 503, { 'Retry-After': '1' }, 'temporarily_unavailable'),
    { cause },
  );

/** @see https://www.rfc-editor.org/rfc/rfc7591#section-3.2.1 */
function sendRegistration(res: ServerResponse, { client, secret }: RegisteredClient): void {
  const body = JSON.stringify({
    client_id: client.clientId,
    client_id_issued_at: Math.floor(client.registeredAt / 1000),
    ...membersIf(hasSecret(client), {
      client_secret: secret,
      client_secret_expires_at: Math.floor((client.expiresAt ?? 0) / 1000),
    }),
    ...registeredMetadata(client),
  });
  res.statusCode = 201;
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Pragma', 'no-cache');
  res.end(body);
}

/** An empty `scope` has no form of RFC 6749 §3.3, so a client without scopes has no member. */
const registeredMetadata = (client: Client): Omit<ClientMetadata, 'scope'> => ({
  client_name: client.name,
  redirect_uris: client.redirectUris,
  grant_types: client.grantTypes,
  response_types: client.grantTypes.includes('authorization_code') ? ['code'] : [],
  token_endpoint_auth_method: client.authMethod,
  application_type: client.applicationType,
  ...omitUndefined({
    scope: client.scopes.join(' ') || undefined,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
  }),
});

function sendPreflight(res: ServerResponse): void {
  res.statusCode = 204;
  res.setHeader('Access-Control-Allow-Methods', 'POST');
  res.setHeader('Access-Control-Allow-Headers', '*');
  res.setHeader('Access-Control-Max-Age', '3600');
  res.end();
}
