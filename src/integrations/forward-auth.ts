import type { IncomingMessage, ServerResponse } from 'node:http';

import * as z from 'zod/mini';

import type { Principal } from '../credential/principal';
import { headerRepeated, headerValue, type RequestLike } from '../extractors/extractor';
import { internalError } from '../http/internal-error';
import type { Middleware } from '../http/middleware';
import { sendRefusal } from '../http/send-refusal';
import { codedError } from '../internal/errors';
import { checkOptions, functionOption } from '../internal/options';
import type { Latchkey } from '../latchkey';
import { guardsArgument } from './guards';

/** The request that the proxy received from the client. */
export interface ForwardedRequest {
  /** The HTTP method, in upper case. */
  readonly method: string;
  /** The path and query, as the client sent them. */
  readonly url: string;
}

/** Options of `forwardAuth()`. */
export interface ForwardAuthOptions<Scope extends string = string> {
  /**
   * The proxy, which decides which headers are read: `X-Original-Method` and `X-Original-URI` for
   * `'nginx'`, `X-Forwarded-Method` and `X-Forwarded-Uri` for `'traefik'`. The other pair is
   * ignored.
   */
  readonly from: 'nginx' | 'traefik';
  /**
   * Returns the scopes that a request requires. An empty list requires only a valid credential.
   * @default no scopes
   */
  readonly scopes?: (request: ForwardedRequest) => readonly Scope[];
}

const HEADERS = {
  nginx: { method: 'x-original-method', url: 'x-original-uri' },
  traefik: { method: 'x-forwarded-method', url: 'x-forwarded-uri' },
} as const;

const optionsSchema = z.strictObject({
  from: z.enum(['nginx', 'traefik'], { error: 'must be "nginx" or "traefik"' }),
  scopes: z.optional(functionOption),
});

/**
 * Creates a handler for the subrequests of a proxy: `auth_request` of nginx, and `ForwardAuth` of
 * Traefik. It responds with 204 and `X-Auth-*` headers, or with the refusal.
 *
 * Serve it where only the proxy can reach it, because a caller chooses the method and the URL.
 *
 * @param guards what `latchkey()` returned
 * @param options the proxy, and the scopes that its requests require
 * @param options.from the proxy
 * @param options.scopes returns the scopes that a request requires
 * @returns a handler for Express, Connect and `node:http`. It calls `next(error)` if the proxy does
 * not send its headers, or if `scopes` throws.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` for an invalid option
 * @example
 * app.use('/auth', forwardAuth(guards, {
 *   from: 'nginx',
 *   scopes: ({ method }) => [method === 'GET' ? 'domains:read' : 'domains:write'],
 * }));
 */
export function forwardAuth<Scope extends string>(
  guards: Latchkey<Scope>,
  options: ForwardAuthOptions<Scope>,
): Middleware {
  checkOptions('forwardAuth(guards): guards', guardsArgument, guards);
  checkOptions('forwardAuth()', optionsSchema, options);
  return (req, res, next) => {
    respond(guards, options, req, res).catch((error: unknown) => next(internalError(error)));
  };
}

async function respond<Scope extends string>(
  guards: Latchkey<Scope>,
  { from, scopes }: ForwardAuthOptions<Scope>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const forwarded = readForwarded(req, from);
  const { headers, rawHeaders, socket } = req;
  const request: RequestLike = { ...forwarded, headers, rawHeaders, socket };
  const result = await guards.check(request, { scopes: scopes?.(forwarded) ?? [] });
  if (result.status === 'refused') {
    sendRefusal(req, res, result.refusal);
    return;
  }
  const identity = result.status === 'authenticated' ? identityHeaders(result.principal) : {};
  for (const [name, value] of Object.entries({ ...result.headers, ...identity })) {
    res.setHeader(name, value);
  }
  // The credential may be revoked before the next request, so the proxy must not reuse this.
  res.setHeader('Cache-Control', 'no-store');
  res.statusCode = 204;
  res.end();
}

/** @throws {Error} `ERR_LATCHKEY_ARGUMENT` if the proxy does not set each header exactly once */
function readForwarded(req: IncomingMessage, from: keyof typeof HEADERS): ForwardedRequest {
  const names = HEADERS[from];
  return { method: readHeader(req, names.method).toUpperCase(), url: readHeader(req, names.url) };
}

function readHeader(req: IncomingMessage, name: string): string {
  const value = headerValue(req, name);
  if (!value || headerRepeated(req, name)) {
    throw codedError(
      'ERR_LATCHKEY_ARGUMENT',
      `forwardAuth(): the proxy must set ${name} on every request, and replace what the client sent`,
    );
  }
  return value;
}

function identityHeaders({ subject, clientId, credentialId, scopes }: Principal) {
  const identity = {
    'X-Auth-Subject': encoded(subject),
    'X-Auth-Client': encoded(clientId ?? ''),
    'X-Auth-Credential': encoded(credentialId ?? ''),
    'X-Auth-Scopes': scopes.map(encoded).join(' '),
  };
  return Object.fromEntries(Object.entries(identity).filter(([, value]) => value !== ''));
}

const LONE_SURROGATE = /[\ud800-\udfff]/gu;
/** All but visible ASCII, and the percent sign, so that decoding restores every value. */
const TO_ENCODE = /[^!-$&-~]/gu;

const encoded = (value: string): string =>
  value.replace(LONE_SURROGATE, '\ufffd').replace(TO_ENCODE, encodeURIComponent);
