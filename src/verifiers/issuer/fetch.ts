import { codedError } from '../../internal/errors';
import { startDeadline } from '../../internal/promises';
import { isObject } from '../../internal/type-guards';

/** Limits of a request to an issuer's server, and how it is sent. */
export interface FetchLimits {
  /** Deadline of the whole response, in milliseconds. */
  readonly timeoutMs: number;
  /** Size of the largest accepted body, in bytes. */
  readonly maxBytes: number;
  /** Holds a function for each pending request that aborts it. */
  readonly pending?: Set<() => void> | undefined;
  /** Replaces the global `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /** Accepts JSON under any content type. File servers often send another one. */
  readonly anyContentType?: boolean;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The server responded, but not with a JSON object. */
export class ResponseError extends Error {
  readonly code = 'ERR_LATCHKEY_ISSUER';
  override readonly name: string = 'ResponseError';
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** Fetches a JSON object. */
export const fetchJson = (url: string, limits: FetchLimits): Promise<JsonObject> =>
  requestJson(url, limits, (signal) =>
    (limits.fetch ?? fetch)(url, {
      headers: { Accept: 'application/json' },
      redirect: 'manual',
      signal,
    }),
  );

/**
 * Sends a request and returns the JSON object of the response. Redirects are not followed: no
 * configuration names their target. Errors say where and why, but have no `cause`, since messages
 * of libraries and servers may quote secrets.
 *
 * @param send - sends the request; it must pass the signal on
 * @throws {Error} `ERR_LATCHKEY_ISSUER`; a `ResponseError` if the server responded
 */
export async function requestJson(
  url: string,
  limits: FetchLimits,
  send: (signal: AbortSignal) => Promise<Response>,
): Promise<JsonObject> {
  const { timeoutMs, maxBytes, anyContentType, pending } = limits;
  // A timer, because signals of AbortSignal.any() and AbortSignal.timeout() outlive the response.
  const controller = new AbortController();
  const abort = () => controller.abort();
  const cancel = startDeadline(
    () => controller.abort(new DOMException(undefined, 'TimeoutError')),
    timeoutMs,
  );
  pending?.add(abort);
  try {
    const response = await send(controller.signal);
    return parseResponse(response, await readText(response, maxBytes), anyContentType);
  } catch (error) {
    throw toIssuerError(error, withoutQuery(url), timeoutMs);
  } finally {
    cancel();
    pending?.delete(abort);
  }
}

/** Returns a URL for messages, without its query: that may hold a secret. */
export function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function toIssuerError(error: unknown, place: string, timeoutMs: number): Error {
  if (error instanceof ResponseError) {
    return new ResponseError(`${place} responded with ${error.message}`, error.status);
  }
  // A DOMException, which is not an Error of every realm.
  const isTimeout = isObject(error) && error.name === 'TimeoutError';
  const problem = isTimeout
    ? `did not respond within ${timeoutMs} ms`
    : `could not be reached: ${failureCode(error)}`;
  return codedError('ERR_LATCHKEY_ISSUER', `${place} ${problem}`);
}

async function readText({ body }: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new ResponseError(`more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const JSON_TYPE = /^application\/([\w.-]+\+)?json\s*(;|$)/i;

function parseResponse(
  { status, headers }: Response,
  text: string,
  anyContentType = false,
): JsonObject {
  if (status !== 200) {
    throw new ResponseError([`status ${status}`, oauthErrorIn(text)].join(' ').trim(), status);
  }
  if (!anyContentType && !JSON_TYPE.test(headers.get('Content-Type') ?? '')) {
    throw new ResponseError('something that is not JSON');
  }
  const value = parseJson(text);
  if (!isObject(value)) {
    throw new ResponseError('something that is not a JSON object');
  }
  return value;
}

/** The error code of RFC 6749 §5.2: the only part of an error response that is never a secret. */
function oauthErrorIn(text: string): string {
  const value = parseJson(text);
  const code = isObject(value) ? value.error : undefined;
  return typeof code === 'string' && /^[a-z_]{1,64}$/.test(code) ? code : '';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The system's error code, such as `ECONNREFUSED`. `fetch` has it in the cause of its error. */
function failureCode(error: unknown): string {
  const { name, code, cause } = error as Partial<NodeJS.ErrnoException>;
  const causeCode = isObject(cause) ? cause.code : undefined;
  return [causeCode, code].find((one) => typeof one === 'string') ?? name ?? 'failed';
}
