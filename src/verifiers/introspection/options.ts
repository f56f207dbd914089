import * as z from 'zod/mini';

import {
  booleanOption,
  check,
  checkOptions,
  clockTolerance,
  durationMs,
  isTextOrList,
  nonEmptyString,
} from '../../internal/options';
import { isHost, type UrlPolicy, urlPolicy } from '../issuer/trusted-url';
import { extractorNames, fetchOption, insecureHosts, tokenLength } from '../verifier-options';
import { type IntrospectionClient } from './client-options';
import { clientAuthMethod, clientSchema } from './client-schema';

/** Options of `introspection()`. */
export interface IntrospectionOptions {
  /**
   * The issuer of the tokens: an `https` URL, or `http` on a loopback host or one of
   * `insecureHosts`. If a response has `iss`, it must be identical. Required unless you pass
   * `endpoint`.
   */
  readonly issuer?: string;
  /**
   * The URL of the introspection endpoint: `https`, or `http` on a loopback host or one of
   * `insecureHosts`.
   * @default the one in the issuer's metadata (RFC 8414, OpenID Connect Discovery)
   */
  readonly endpoint?: string;
  /**
   * How this API authenticates to the endpoint: `{ id, secret }`, `{ id, auth: 'post', secret }`,
   * `{ id, auth: 'private_key_jwt', key }`, `{ auth: 'bearer', token }` or `{ auth: 'none' }`.
   * @see https://www.rfc-editor.org/rfc/rfc7662#section-2.1
   */
  readonly client: IntrospectionClient;
  /** The value of `aud` that names this API, or a list of values of which one must match. */
  readonly audience: string | readonly string[];
  /**
   * Accepts tokens for which the response has no `aud`, if its `token_type` is that of an access
   * token.
   * @default false
   */
  readonly allowMissingAudience?: boolean;
  /**
   * Also introspects JWTs that no other verifier accepts.
   * @default false
   */
  readonly jwts?: boolean;
  /**
   * How far the server's clock may differ, for `exp` and `nbf`: 0 to 300,000 ms. A future `iat`
   * never rejects a token.
   * @default 5_000
   */
  readonly clockToleranceMs?: number;
  /**
   * Deadline of one response, in milliseconds. Keep it shorter than `timeoutMs` of `latchkey()`:
   * then the error names the endpoint.
   * @default 900
   */
  readonly timeoutMs?: number;
  /** How requests are sent. */
  readonly remote?: {
    /**
     * Replaces the global `fetch`, for a proxy or a private CA. It must pass on `redirect` and
     * `signal`.
     * @default the global `fetch`
     */
    readonly fetch?: typeof fetch;
  };
  /**
   * Hosts that may be reached by plain `http`, such as `['keycloak:8080']`. Compared exactly, port
   * included.
   * @default []
   */
  readonly insecureHosts?: readonly string[];
  /**
   * The names of the extractors whose tokens are verified.
   * @default ['bearer', 'dpop']
   */
  readonly extractors?: readonly string[];
  /**
   * The length of the longest accepted token, in characters.
   * @default 8192
   */
  readonly maxTokenLength?: number;
  /**
   * The name of the verifier in principals and decisions.
   * @default 'introspection'
   */
  readonly name?: string;
}

/** A malformed host is reported separately. */
export const urlsFor = (hosts: readonly string[] = []): UrlPolicy =>
  urlPolicy([hosts].flat().filter(isHost));

const HTTP_ALLOWED = '(http on a loopback host or one of "insecureHosts")';

const optionsSchema = z
  .strictObject({
    // Checked below, since `insecureHosts` decides.
    issuer: z.optional(z.custom<string>()),
    endpoint: z.optional(z.custom<string>()),
    client: clientSchema,
    audience: check<string | readonly string[]>(
      'a non-empty string or a non-empty list of them',
      isTextOrList,
    ),
    allowMissingAudience: z.optional(booleanOption),
    jwts: z.optional(booleanOption),
    clockToleranceMs: z.optional(clockTolerance),
    timeoutMs: z.optional(durationMs(1)),
    remote: z.optional(z.strictObject({ fetch: z.optional(fetchOption) })),
    insecureHosts: z.optional(insecureHosts),
    extractors: z.optional(extractorNames),
    maxTokenLength: z.optional(tokenLength),
    name: z.optional(nonEmptyString),
  })
  .check(
    z.refine((options) => options.issuer === undefined || isIssuer(options), {
      path: ['issuer'],
      error: `must be an https URL without query and fragment ${HTTP_ALLOWED}`,
    }),
  )
  .check(
    z.refine((options) => options.endpoint === undefined || isEndpoint(options), {
      path: ['endpoint'],
      error: `must be an https URL without fragment ${HTTP_ALLOWED}`,
    }),
  )
  .check(
    z.refine(({ issuer, endpoint }) => issuer !== undefined || endpoint !== undefined, {
      error: 'pass "issuer", "endpoint" or both',
    }),
  )
  .check(
    z.refine(
      ({ issuer, client }) =>
        issuer !== undefined || clientAuthMethod(client) !== 'private_key_jwt',
      {
        path: ['issuer'],
        error:
          'is required with private_key_jwt: the assertion names the server that it is for (RFC 7523 §3)',
      },
    ),
  );

const isIssuer = ({ issuer, insecureHosts }: IntrospectionUrls): boolean =>
  urlsFor(insecureHosts).isIssuer(issuer);
const isEndpoint = ({ endpoint, insecureHosts }: IntrospectionUrls): boolean =>
  urlsFor(insecureHosts).isSecure(endpoint);

interface IntrospectionUrls {
  readonly issuer?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly insecureHosts?: readonly string[] | undefined;
}

/** The options of `introspection()`, checked. */
export type ParsedIntrospectionOptions = z.output<typeof optionsSchema>;

/**
 * Checks the options of `introspection()`.
 *
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is invalid, unknown or unsafe
 */
export const parseIntrospectionOptions = (
  options: IntrospectionOptions,
): ParsedIntrospectionOptions => checkOptions('introspection()', optionsSchema, options);
