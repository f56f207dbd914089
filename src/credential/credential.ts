/**
 * What a request presented: the extractor that found it, and the token itself. Nothing about it has
 * been verified.
 */
export interface Credential {
  /**
   * Name of the extractor that found it: `'bearer'`, `'api-key-header'`, `'cookie'`, `'query'`,
   * `'dpop'`, or your own.
   */
  readonly extractor: string;
  /** The secret as presented. Never log it. */
  readonly token: string;
}

/** Default of `maxTokenLength`, in characters. */
export const MAX_TOKEN_LENGTH = 8 * 1024;
/** `maxTokenLength` of stored credentials, in characters. */
export const MAX_KEY_LENGTH = 512;

const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const LEGACY_TOKEN = /^[A-Za-z0-9._~+/|:$=-]+$/;
const VISIBLE_ASCII_WITHOUT_COMMA = /^[!-+\--~]+$/;
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Whether a token may follow a scheme in `Authorization`: a `b64token`.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export const isB64Token = (token: string): boolean => B64TOKEN.test(token);

/**
 * Whether a token may be a legacy key after a scheme: `b64token`, and the separators `|`, `:` and
 * `$` of common key formats.
 */
export const isLegacyToken = (token: string): boolean => LEGACY_TOKEN.test(token);

/**
 * Whether a token may be in a header, query parameter or cookie: visible ASCII without comma or
 * space. A comma means joined header lines.
 */
export const isPlainToken = (token: string): boolean => VISIBLE_ASCII_WITHOUT_COMMA.test(token);

/**
 * Whether a token has three non-empty base64url parts. Keys that Latchkey issues have no dot.
 * @see https://www.rfc-editor.org/rfc/rfc7515#section-7.1
 */
export const isCompactJws = (token: string): boolean => COMPACT_JWS.test(token);
