import { LRUCache } from 'lru-cache';

import { withDeadline } from '../../internal/promises';
import type { Client } from './client';
import { isClientIdUrl } from './client-id-url';
import {
  describedClient,
  isPublicHttpsUrl,
  MetadataError,
  type MetadataRules,
} from './client-metadata';
import { DocumentError, fetchDocument } from './fetch-document';
import { fetchLimits } from './fetch-limits';
import { normalizeMetadata } from './normalize-metadata';
import { publicFetch } from './public-fetch';
import type { MetadataDocumentOptions } from './registration-options';

/** Clients that metadata documents describe. */
export interface MetadataDocuments {
  /**
   * Returns the client that a document describes, or undefined if the ID is not the URL of one.
   * @throws {DocumentError} if the document cannot be fetched or used
   */
  find(clientId: string): Promise<Client | undefined>;
}

const MAX_DOCUMENTS = 500;
const TIMEOUT_MS = 5_000;

/**
 * Fetches and caches the metadata documents of clients.
 *
 * @param timeoutMs Deadline of `allow`, in milliseconds.
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/
 */
export function metadataDocuments(
  options: MetadataDocumentOptions,
  rules: Omit<MetadataRules, 'isKeysUrl'>,
  timeoutMs: number,
): MetadataDocuments {
  const { allow = () => true } = options;
  const isInsecureHost = insecureHosts(options);
  const fetcher = options.fetch ?? publicFetch(({ host }) => isInsecureHost(host));
  const documentRules = toDocumentRules(rules, isInsecureHost);
  const cached = new LRUCache<string, Client>({ max: MAX_DOCUMENTS });
  const pending = new Map<string, Promise<Client>>();
  const limits = fetchLimits();

  const load = async (clientId: string): Promise<Client> => {
    const { document, freshMs } = await limits
      .run(new URL(clientId), () => {
        const fetched = fetchDocument(clientId, fetcher, AbortSignal.timeout(TIMEOUT_MS));
        return withDeadline(fetched, TIMEOUT_MS);
      })
      .catch(toDocumentError);
    const client = toClient(clientId, document, documentRules);
    if (freshMs > 0) {
      cached.set(clientId, client, { ttl: freshMs });
    }
    return client;
  };
  const loadOnce = (clientId: string): Promise<Client> => {
    const known = pending.get(clientId);
    if (known) {
      return known;
    }
    const loading = load(clientId).finally(() => pending.delete(clientId));
    pending.set(clientId, loading);
    return loading;
  };

  const isAllowed = (clientId: string): Promise<boolean> =>
    withDeadline(
      Promise.resolve(clientId).then((id) => allow(id)),
      timeoutMs,
    ).catch((cause: unknown) => {
      throw new DocumentError('the option "allow" failed', true, { cause });
    });

  return {
    async find(clientId) {
      if (!isClientIdUrl(clientId, isInsecureHost) || !(await isAllowed(clientId))) {
        return undefined;
      }
      return cached.get(clientId) ?? loadOnce(clientId);
    },
  };
}

/** Returns a test for the hosts that may be reached by plain http and at private addresses. */
export function insecureHosts({ insecureHosts: names = [] }: MetadataDocumentOptions = {}): (
  host: string,
) => boolean {
  const hosts = new Set(names.map((name) => new URL(`http://${name}`).host));
  return (host) => hosts.has(host);
}

/** A document is public, so it cannot hold a shared secret. */
const toDocumentRules = (
  rules: Omit<MetadataRules, 'isKeysUrl'>,
  isInsecureHost: (host: string) => boolean,
): MetadataRules => ({
  ...rules,
  authMethods: rules.authMethods.filter((one) => one === 'none' || one === 'private_key_jwt'),
  isKeysUrl: (url) => isPublicHttpsUrl(url) || isInsecureHost(new URL(url).host),
});

function toClient(
  clientId: string,
  document: Readonly<Record<string, unknown>>,
  rules: MetadataRules,
): Client {
  const { host } = new URL(clientId);
  if (document.client_id !== clientId) {
    throw new DocumentError('client_id of the document is not its URL', false);
  }
  if ('client_secret' in document || 'client_secret_expires_at' in document) {
    throw new DocumentError('the document must not have a client_secret', false);
  }
  try {
    const metadata = normalizeMetadata(document, rules, host);
    return { ...describedClient(metadata), clientId, host, registeredAt: 0 };
  } catch (error) {
    if (error instanceof MetadataError) {
      throw new DocumentError(`the document is invalid: ${error.message}`, false);
    }
    throw error;
  }
}

function toDocumentError(error: unknown): never {
  throw error instanceof DocumentError
    ? error
    : new DocumentError('the document could not be fetched', true, { cause: error });
}
