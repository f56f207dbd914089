import { isObject } from '../../internal/type-guards';
import { freshnessMs } from './freshness';
import { BlockedAddressError } from './public-fetch';

/** A metadata document cannot be fetched or used. The message is for the operator. */
export class DocumentError extends Error {
  constructor(
    message: string,
    /** Whether the same request may succeed later. */
    readonly isTemporary: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface FetchedDocument {
  readonly document: Readonly<Record<string, unknown>>;
  /** For how long the document may be reused, in milliseconds. */
  readonly freshMs: number;
}

/** The maximum that the draft recommends. */
const MAX_BYTES = 5 * 1_024;

/**
 * Fetches a metadata document. A redirect is not followed.
 * @throws {DocumentError} if the response is not a JSON object of at most 5 KiB with status 200
 */
export async function fetchDocument(
  url: string,
  fetcher: typeof fetch,
  signal: AbortSignal,
): Promise<FetchedDocument> {
  const headers = { Accept: 'application/json' };
  const response = await fetcher(url, { headers, redirect: 'manual', signal }).catch(blocked);
  if (response.status !== 200) {
    await response.body?.cancel();
    const isTemporary = response.status >= 500 || response.status === 429;
    throw new DocumentError(`the document has the status ${response.status}`, isTemporary);
  }
  return {
    document: parseDocument(await readText(response)),
    freshMs: freshnessMs(response.headers, Date.now()),
  };
}

function blocked(error: unknown): never {
  const { cause } = error as { cause?: unknown };
  if (error instanceof BlockedAddressError || cause instanceof BlockedAddressError) {
    throw new DocumentError('the document is not at a public address', false);
  }
  throw error;
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_BYTES) {
      throw new DocumentError(`the document has more than ${MAX_BYTES} bytes`, false);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parseDocument(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DocumentError('the document is not JSON', false);
  }
  if (!isObject(value)) {
    throw new DocumentError('the document is not a JSON object', false);
  }
  return value;
}
