import { codedError } from '../../internal/errors';
/** How long a server may take to answer, and how much it may say. */
export interface Limits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Holds an end for each answer that is being waited for. */
  readonly underWay?: Set<() => void>;
  /** In place of the global one. */
  readonly fetch?: typeof fetch;
  /** Takes JSON whatever its content type says, as files on plain hosts have it. */
  readonly anyType?: boolean;
}

export type JsonObject = Readonly<Record<string, unknown>>;

/** The server answered, and not with what it was asked for. */
export class AnswerError extends Error {
  override readonly name: string = 'AnswerError';
  constructor(
    message: string,
    readonly status?: number,
  ) {
    super(message);
  }
}

/** A JSON object from where it is published. */
export const getJson = (url: string, limits: Limits): Promise<JsonObject> =>
  answerOf(url, limits, (signal) =>
    (limits.fetch ?? fetch)(url, {
      headers: { Accept: 'application/json' },
      redirect: 'manual',
      signal,
    }),
  );

/**
 * The JSON object that a server answers. A redirect is not followed: where it leads, nobody vouched
 * for. Whatever goes wrong is told as where and why, without a cause: what libraries and servers
 * say may hold what they were sent.
 */
export async function answerOf(
  url: string,
  limits: Limits,
  ask: (signal: AbortSignal) => Promise<Response>,
): Promise<JsonObject> {
  const { timeoutMs, maxBytes, anyType, underWay } = limits;
  // By hand: what AbortSignal.any() and AbortSignal.timeout() make outlives the answer.
  const asking = new AbortController();
  const end = () => asking.abort();
  const late = setTimeout(
    () => asking.abort(new DOMException(undefined, 'TimeoutError')),
    timeoutMs,
  ).unref();
  underWay?.add(end);
  try {
    const response = await ask(asking.signal);
    return readJson(response, await readText(response, maxBytes), anyType);
  } catch (error) {
    throw told(error, url, limits);
  } finally {
    clearTimeout(late);
    underWay?.delete(end);
  }
}

/** A URL as it may be told: its query may hold a secret. */
export function placeOf(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function told(error: unknown, url: string, { timeoutMs }: Limits): Error {
  if (error instanceof AnswerError) {
    return new AnswerError(`${placeOf(url)} answered ${error.message}`, error.status);
  }
  const late = (error as Error | null)?.name === 'TimeoutError';
  return codedError(
    'ERR_LATCHKEY_ISSUER',
    `${placeOf(url)} ${late ? `did not answer within ${timeoutMs} ms` : `could not be asked: ${codeOf(error)}`}`,
  );
}

async function readText(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) {
      throw new AnswerError(`more than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function readJson({ status, headers }: Response, text: string, anyType = false): JsonObject {
  if (status !== 200) {
    throw new AnswerError([`status ${status}`, errorIn(text)].join(' ').trim(), status);
  }
  if (
    !anyType &&
    !/^application\/([\w.-]+\+)?json\s*(;|$)/i.test(headers.get('Content-Type') ?? '')
  ) {
    throw new AnswerError('something that is not JSON');
  }
  const value = parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new AnswerError('something that is not a JSON object');
  }
  return value as JsonObject;
}

/**
 * The error code of RFC 6749 §5.2: of what a server says of a failure, all that is sure to be no
 * secret.
 */
function errorIn(text: string): string {
  const code = (parse(text) as { error?: unknown } | null | undefined)?.error;
  return typeof code === 'string' && /^[a-z_]{1,64}$/.test(code) ? code : '';
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** fetch tells what happened to a connection in the cause of its own error. */
function codeOf(error: unknown): string {
  const { name, code, cause } = error as {
    name?: string;
    code?: unknown;
    cause?: { code?: unknown };
  };
  return [cause?.code, code].find((one) => typeof one === 'string') ?? name ?? 'failed';
}
