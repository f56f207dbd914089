/**
 * The part of a request that an extractor reads. A Node `IncomingMessage` is one, and so is
 * `{ headers: { authorization: '…' } }`. Header names are in lower case: `check()`
 * converts other spellings and web requests.
 */
export interface RequestLike {
  /** The HTTP method, in upper case. */
  readonly method?: string | undefined;
  /** The path and query. */
  readonly url?: string | undefined;
  /** Header values by their names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /**
   * Header names and values as received, alternating. Repeated lines are visible here. Adapters may
   * omit it or leave it empty.
   */
  readonly rawHeaders?: readonly string[] | undefined;
  /** The URL before Express removed the mount path from `url`. */
  readonly originalUrl?: string | undefined;
  /** The connection, which knows the client's TLS certificate. */
  readonly socket?: object | null | undefined;
}

/**
 * Verifies that a request comes from the holder of the key or certificate that its credential is
 * bound to.
 */
export interface ProofOfPossession {
  /**
   * The confirmation method that it verifies, a member of `cnf` (RFC 7800 §3.1): `'jkt'` or
   * `'x5t#S256'`.
   */
  readonly member: string;
  /**
   * `value` is the value of the member, undefined for a credential that is not bound. If it
   * throws, the response is 503.
   */
  check(
    request: RequestLike,
    value: unknown,
    context: PossessionContext,
  ): PossessionResult | Promise<PossessionResult>;
}

export interface PossessionContext {
  /** SHA-256 of the credential, base64url. */
  readonly digest: string;
  /** Public origin of the API, if it is configured. */
  readonly origin: string | undefined;
}

export type PossessionResult =
  | {
      readonly ok: true;
      /** Nonce for the client's next proof. */
      readonly nonce?: string | undefined;
    }
  | {
      readonly ok: false;
      readonly reason: 'bad_proof' | 'replayed';
      readonly demand?: ChallengeError;
    };

/**
 * The error of a challenge where the token is valid and its DPoP proof is not (RFC 9449 §7.1, §9).
 */
export interface ChallengeError {
  readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce';
  readonly nonce?: string;
}

/**
 * Reads a credential from one place in a request, and states what that place means for the
 * response.
 */
export interface Extractor {
  /** `'bearer'`, `'api-key-header'`, `'cookie'`, `'query'`, `'dpop'`, or your own. */
  readonly name: string;
  /**
   * Scheme of `Authorization`, named in the challenge. Without one, responses are sent with
   * `Cache-Control: private`.
   */
  readonly scheme?: 'Bearer' | 'DPoP';
  /**
   * Set if browsers send the credential automatically. An explicit credential wins over it,
   * and the CSRF rule applies.
   */
  readonly ambient?: true;
  /** Origins whose cross-site requests may use an ambient credential. */
  readonly origins?: readonly string[];
  /** Header that carries the credential, for `Vary`. */
  readonly header?: string;
  /** JWS algorithms for the challenge (RFC 9449 §7.1), separated by spaces. */
  readonly algs?: string;
  /**
   * Verifies the binding of a credential from this place. An unbound credential is rejected.
   */
  readonly possession?: ProofOfPossession;
  /** Name of the cookie or parameter. Two extractors may not read the same place. */
  readonly parameter?: string;
  /**
   * Returns the credential as it was sent, `''` if it is present and empty, or undefined if the
   * request has no credential here.
   */
  extract(request: RequestLike): string | undefined;
  /** Whether the request carries this extractor's credential more than once. */
  isRepeated?(request: RequestLike): boolean;
}

/**
 * Returns the value of a header, or undefined. Several lines are joined with a comma, which no
 * credential contains.
 */
export const headerValue = (request: RequestLike, name: string): string | undefined =>
  joined(request.headers[name]);

/**
 * Whether a header was sent in more than one line. Node keeps only the first `Authorization`, and
 * joins lines of other headers.
 */
export const headerRepeated = (request: RequestLike, name: string): boolean =>
  repeated(request.headers[name], name, request);

// Extractors pass the header value to these two, because V8 reads a property faster at a call site
// that reads no other.

type Lines = string | readonly string[] | undefined;

export const joined = (value: Lines): string | undefined =>
  typeof value === 'string' || value === undefined ? value : value.join(', ');

export function repeated(value: Lines, name: string, { rawHeaders: raw }: RequestLike): boolean {
  if (value === undefined) {
    return false;
  }
  if (typeof value !== 'string' && value.length > 1) {
    return true;
  }
  if (!raw) {
    return false;
  }
  let lines = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const line = raw[i] as string;
    if (line.length === name.length && line.toLowerCase() === name && ++lines === 2) {
      return true;
    }
  }
  return false;
}

/**
 * Returns the path as the client sent it, without the query. The target may be in absolute form
 * (RFC 9112 §3.2.2).
 */
export const requestPath = ({ originalUrl, url = '' }: RequestLike): string =>
  (originalUrl ?? url).replace(/^https?:\/\/[^/?]*/i, '').split('?')[0] as string;
