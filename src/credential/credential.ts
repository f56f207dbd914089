/** What a request presented: by which extractor it came, and the token itself. Whether it is true is for a verifier to say. */
export interface Credential {
  /** Name of the extractor that found it: `'bearer'`, `'api-key-header'`, `'cookie'`, `'query'`, `'dpop'`, or your own. */
  readonly extractor: string;
  /** The secret as presented. Never log it. */
  readonly token: string;
}

/** Longest token that is looked at, in characters. */
export const MAX_TOKEN_LENGTH = 8 * 1024;
/** Longest API key that is looked at, in characters. */
export const MAX_KEY_LENGTH = 512;

const B64TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
const VISIBLE_ASCII_WITHOUT_COMMA = /^[!-+\--~]+$/;
const COMPACT_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** `b64token`, what a scheme of `Authorization` carries (RFC 6750 §2.1). */
export const isB64Token = (token: string): boolean => B64TOKEN.test(token);

/** What a header, query parameter or cookie may carry: visible ASCII without comma or space. A comma betrays joined lines. */
export const isPlainToken = (token: string): boolean => VISIBLE_ASCII_WITHOUT_COMMA.test(token);

/** Three non-empty base64url parts (RFC 7515 §7.1). No key of ours holds a dot, so none looks like one. */
export const isCompactJws = (token: string): boolean => COMPACT_JWS.test(token);
