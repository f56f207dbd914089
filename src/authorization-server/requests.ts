import { IncomingMessage } from 'node:http';
import { headerRepeated } from '../extractors/extractor';

/** What clients send that the RFCs do not know. Each is off until named. */
export interface ClientCompatibility {
  /** Token requests as JSON. */
  readonly jsonTokenRequests?: boolean;
  /** Form-encoded token requests that call themselves JSON. */
  readonly formUnderJsonContentType?: boolean;
  /** `scope=read,write`. No scope may then have a comma in its name. */
  readonly commaSeparatedScopes?: boolean;
  /** Token requests by POST to the authorization endpoint. */
  readonly tokenAtAuthorize?: boolean;
}

/** A request that we refuse ourselves, with the words for the client. */
export class RefusedRequest extends Error {
  constructor(
    message: string,
    readonly status = 400,
    readonly headers: Readonly<Record<string, string>> = {},
    /** A code of RFC 6749 §5.2. */
    readonly error = 'invalid_request',
  ) {
    super(message);
  }
}

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';
const MAX_BODY_LENGTH = 64 * 1024;

/**
 * The parameters of a body by POST. Undefined for a content type that is not taken. A parser may have been here before: then the
 * body is what it left.
 */
export async function parametersOf(req: IncomingMessage, compatibility: ClientCompatibility): Promise<URLSearchParams | undefined> {
  const type = mediaType(req);
  const taken = type === FORM || (type === JSON_TYPE && (compatibility.jsonTokenRequests || compatibility.formUnderJsonContentType));
  const body = req.readableEnded || !req.readable ? (req as { body?: unknown }).body : await readBody(req);
  if (!taken) return undefined;
  if (typeof body === 'object' && body !== null && !Buffer.isBuffer(body)) return fromMembers(body);
  const text = typeof body === 'string' || Buffer.isBuffer(body) ? body.toString() : '';
  if (type === FORM) return new URLSearchParams(text);
  const isJson = text.trimStart().startsWith('{');
  if (isJson && compatibility.jsonTokenRequests) return fromMembers(parseJson(text));
  if (!isJson && compatibility.formUnderJsonContentType) return new URLSearchParams(text);
  throw new RefusedRequest('the request body is not of its content type');
}

/** The parameters, with each value of one name changed. */
export const mapParameter = (parameters: URLSearchParams, name: string, change: (value: string) => string): URLSearchParams =>
  new URLSearchParams([...parameters].map(([one, value]): [string, string] => [one, one === name ? change(value) : value]));

/** Commas in `scope` to spaces. */
export const withSpacedScopes = (parameters: URLSearchParams, { commaSeparatedScopes }: ClientCompatibility): URLSearchParams =>
  commaSeparatedScopes ? mapParameter(parameters, 'scope', (value) => value.split(/[ ,]+/).filter(Boolean).join(' ')) : parameters;

export interface EngineRequest {
  /** Path and query. */
  readonly url: string;
  readonly origin: URL;
  readonly parameters?: URLSearchParams | undefined;
  /** Only what a token endpoint answers; else what the client accepts. */
  readonly json?: boolean;
}

/**
 * A request of the engine's own: not what a router or parser made of it, and with the host and protocol of the issuer, whatever the
 * client or a proxy wrote there.
 */
export function engineRequest(req: IncomingMessage, { url, origin, parameters, json }: EngineRequest): IncomingMessage {
  const copy = new IncomingMessage(req.socket);
  const { 'transfer-encoding': _, 'content-encoding': _encoding, 'content-length': _length, ...headers } = req.headers;
  const body = parameters?.toString();
  copy.method = req.method;
  copy.url = url;
  copy.httpVersion = req.httpVersion;
  copy.headers = {
    ...headers,
    'x-forwarded-host': origin.host,
    'x-forwarded-proto': origin.protocol.slice(0, -1),
    ...(json && { accept: JSON_TYPE }),
    ...(body !== undefined && { 'content-type': FORM, 'content-length': String(Buffer.byteLength(body)) }),
  };
  if (body) copy.push(body);
  copy.push(null);
  // All of it is here: else its end would take the connection along.
  copy.complete = true;
  return copy;
}

/** Node keeps the first of two `Authorization` lines; who sends two is not to be guessed at. */
export const hasTwoAuthorizations = (req: IncomingMessage): boolean => headerRepeated(req, 'authorization');

const mediaType = (req: IncomingMessage): string | undefined => req.headers['content-type']?.split(';')[0]?.trim().toLowerCase();

async function readBody(req: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_LENGTH) throw new RefusedRequest('the request body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(text: string): object {
  try {
    return JSON.parse(text) as object;
  } catch {
    throw new RefusedRequest('the request body is not JSON');
  }
}

/** A list stands for a parameter that was given more than once; the engine refuses it. Null is a parameter that was left out. */
function fromMembers(members: object): URLSearchParams {
  const pairs = Object.entries(members).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => [name, one as unknown]),
  );
  const given = pairs.filter(([, value]) => value !== null && value !== undefined);
  if (given.some(([, value]) => typeof value !== 'string')) throw new RefusedRequest('parameters must be strings');
  return new URLSearchParams(given as [string, string][]);
}
