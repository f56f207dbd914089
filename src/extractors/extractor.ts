/** What a extractor reads of a request: Node's `IncomingMessage` is one, and so is `{ headers: { authorization: '…' } }`. Header names are in lower case. */
export interface RequestLike {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Names and values as received, one after the other: where repeated lines can be seen. Adapters may leave it out or empty. */
  readonly rawHeaders?: readonly string[] | undefined;
  /** Express's: it cuts what a router is mounted on from `url`. */
  readonly originalUrl?: string | undefined;
  /** Where the connection's TLS can be asked for the client's certificate. */
  readonly socket?: object | null | undefined;
}

/** Whether a request shows the key or certificate that its credential is bound to. */
export interface ProofOfPossession {
  /** The member of `cnf` (RFC 7800 §3.1) that it answers for: `'jkt'`, `'x5t#S256'`. */
  readonly member: string;
  /** `value` is the member's, undefined for a credential that is not bound. A throw is our fault: 503. */
  check(request: RequestLike, value: unknown, context: PossessionContext): PossessionResult | Promise<PossessionResult>;
}

export interface PossessionContext {
  /** SHA-256 of the credential, base64url. */
  readonly digest: string;
  /** Public origin of the API, where it is configured. */
  readonly origin: string | undefined;
}

export type PossessionResult =
  | {
      readonly ok: true;
      /** For the client's next proof. */
      readonly nonce?: string | undefined;
    }
  | { readonly ok: false; readonly reason: 'bad_proof' | 'replayed'; readonly demand?: ChallengeError };

/** What a challenge asks for where the token is good and the proof beside it is not (RFC 9449 §7.1, §9). */
export interface ChallengeError {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce';
  readonly nonce?: string;
}

/** Where a credential travels in a request, and what its presence means for the answer. */
export interface Extractor {
  /** `'bearer'`, `'api-key-header'`, `'cookie'`, `'query'`, `'dpop'`, or your own. */
  readonly name: string;
  /** Scheme of `Authorization`: it makes the challenge. Without one RFC 9111 §3.5 does not keep the answer from shared caches, and `private` is sent. */
  readonly scheme?: 'Bearer' | 'DPoP';
  /** The browser sends it on its own: it loses to an explicit credential and falls under the CSRF rule. */
  readonly ambient?: true;
  /** Origins whose cross-site requests may bring an ambient credential. */
  readonly origins?: readonly string[];
  /** Header that the credential stands in, for `Vary`. */
  readonly header?: string;
  /** JWS algorithms for the challenge (RFC 9449 §7.1), parted by spaces. */
  readonly algs?: string;
  /** What a credential that comes this way has to be bound to. One that is not is refused. */
  readonly possession?: ProofOfPossession;
  /** Name of the cookie or parameter: two extractors of one kind and place cannot stand side by side. */
  readonly parameter?: string;
  /** The credential as it stands in the request, `''` for one that is presented and empty, undefined for none. */
  extract(request: RequestLike): string | undefined;
  /** Whether the request presents this extractor's credential more than once. */
  isRepeated?(request: RequestLike): boolean;
}

/** The only value of a header; undefined where it is absent. Lines that an adapter kept apart are joined as HTTP joins them, and no credential has a comma. */
export const headerValue = (request: RequestLike, name: string): string | undefined => joined(request.headers[name]);

/** Whether a header came in more than one line: Node itself keeps only the first `Authorization` and joins others. */
export const headerRepeated = (request: RequestLike, name: string): boolean => repeated(request.headers[name], name, request);

// What every request is asked for is read by its extractor and handed to these two: V8 finds a header quicker in code that reads no other.

type Lines = string | readonly string[] | undefined;

export const joined = (value: Lines): string | undefined => (typeof value === 'string' || value === undefined ? value : value.join(', '));

export function repeated(value: Lines, name: string, { rawHeaders: raw }: RequestLike): boolean {
  if (value === undefined) return false;
  if (typeof value !== 'string' && value.length > 1) return true;
  if (!raw) return false;
  let lines = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const line = raw[i] as string;
    if (line.length === name.length && line.toLowerCase() === name && ++lines === 2) return true;
  }
  return false;
}

/** The path as the client sent it, without its query, be the target in absolute form (RFC 9112 §3.2.2) or not. */
export const pathOf = ({ originalUrl, url = '' }: RequestLike): string =>
  (originalUrl ?? url).replace(/^https?:\/\/[^/?]*/i, '').split('?')[0] as string;
