import * as z from 'zod/mini';

import { booleanOption, check, durationMs, functionOption } from '../../internal/options';
import { isHost } from '../../verifiers/issuer/trusted-url';
import type { ClientMetadata } from './client-metadata';

/** How clients that you did not register become known. */
export interface RegistrationOptions {
  /**
   * Accepts the URL of a metadata document as client ID: `true`, or options. @default false
   * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/
   */
  readonly metadataDocuments?: boolean | MetadataDocumentOptions;
  /**
   * Lets clients register themselves at the endpoint `registration`: `true`, or options.
   * @default false
   * @see https://www.rfc-editor.org/rfc/rfc7591
   */
  readonly dynamic?: boolean | DynamicRegistrationOptions;
}

/** Which metadata documents are fetched, and how. */
export interface MetadataDocumentOptions {
  /**
   * Decides whether the document of a client may be fetched.
   *
   * @param url The client ID, which is the URL of the document.
   * @returns False to treat the client as unknown.
   * @default every URL
   */
  readonly allow?: (url: string) => boolean | Promise<boolean>;
  /**
   * Hosts with their ports, such as `127.0.0.1:4000`, whose documents and keys may be fetched by
   * plain `http` and at private addresses. For tests.
   * @default []
   */
  readonly insecureHosts?: readonly string[];
  /**
   * Fetches documents and keys instead of the built-in client, for example through a proxy. It must
   * refuse private addresses itself.
   * @default an HTTP client that refuses private addresses
   */
  readonly fetch?: typeof fetch;
}

/** Which registrations are accepted, and how long they are kept. */
export interface DynamicRegistrationOptions {
  /**
   * How long a registration is kept that no user has completed, in milliseconds. Each token
   * response extends it to `refreshTokenTtlMs`.
   * @default 604_800_000 (7 days)
   */
  readonly ttlMs?: number;
  /** How many registrations may exist at a time. @default 10_000 */
  readonly maxClients?: number;
  /**
   * Decides whether a client may register.
   *
   * @param metadata The client's metadata, by the names of RFC 7591, as it would be registered.
   * @returns False to reject the registration.
   * @default every client
   */
  readonly allow?: (metadata: ClientMetadata) => boolean | Promise<boolean>;
}

/** The registration options with their defaults. An absent member is off. */
export interface ResolvedRegistration {
  readonly metadataDocuments: MetadataDocumentOptions | undefined;
  readonly dynamic: Required<DynamicRegistrationOptions> | undefined;
}

const DAY_MS = 86_400_000;
const MAX_TTL_MS = 3_650 * DAY_MS;

const boolOr = <T extends z.ZodMiniType>(schema: T) =>
  z.optional(z.union([booleanOption, schema], { error: 'must be true, or an object of options' }));

export const registrationSchema = z.strictObject({
  metadataDocuments: boolOr(
    z.strictObject({
      allow: z.optional(functionOption),
      insecureHosts: z.optional(
        check(
          'a list of hosts, such as 127.0.0.1:4000',
          (value) => Array.isArray(value) && value.every(isHost),
        ),
      ),
      fetch: z.optional(functionOption),
    }),
  ),
  dynamic: boolOr(
    z.strictObject({
      ttlMs: z.optional(durationMs(1, MAX_TTL_MS)),
      maxClients: z.optional(
        check(
          'a positive whole number',
          (value) => Number.isSafeInteger(value) && (value as number) > 0,
        ),
      ),
      allow: z.optional(functionOption),
    }),
  ),
});

/** Completes checked registration options. */
export function resolveRegistration(options: RegistrationOptions = {}): ResolvedRegistration {
  const documents = toOptions(options.metadataDocuments);
  const dynamic = toOptions(options.dynamic);
  return {
    metadataDocuments: documents,
    dynamic: dynamic && {
      ttlMs: dynamic.ttlMs ?? 7 * DAY_MS,
      maxClients: dynamic.maxClients ?? 10_000,
      allow: dynamic.allow ?? (() => true),
    },
  };
}

function toOptions<T extends object>(option: boolean | T | undefined): T | undefined {
  if (option === true) {
    return {} as T;
  }
  return option || undefined;
}
