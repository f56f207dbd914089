import { isCompactJws, isPlainToken } from '../credential/credential';
import type { Extractor } from '../extractors/extractor';
import type { Rejection } from './result';

const JWS_PARTS = 3;
const JWE_PARTS = 5;

/**
 * The credential is longer than any verifier of its extractor reads, or than the one that accepts
 * its form.
 */
export const tooLong = (token: string, maxTokenLength: number, verifier?: string): Rejection => ({
  ok: false,
  reason: 'malformed',
  verifier,
  detail: `it is longer than ${maxTokenLength} characters (maxTokenLength)${countParts(token) === JWS_PARTS ? ', and looks like a JWT' : ''}`,
});

/** The credential has characters that nothing valid can have where it was sent. */
export const malformed = ({ scheme }: Extractor, token: string): Rejection => ({
  ok: false,
  reason: 'malformed',
  detail: characterFault(scheme, token),
});

/** No verifier accepts a credential of this form from this extractor. */
export function unread(extractor: Extractor, token: string, maxTokenLength: number): Rejection {
  const isJwt = isCompactJws(token);
  if (!isJwt && token.length > maxTokenLength) {
    return tooLong(token, maxTokenLength);
  }
  const reason = isJwt && extractor.scheme ? 'bad_issuer' : 'unknown';
  return { ok: false, reason, detail: isJwt ? unreadJwt(extractor) : unreadForm(extractor, token) };
}

function characterFault(scheme: Extractor['scheme'], token: string): string {
  if (token === '') {
    return 'it is empty';
  }
  if (!isPlainToken(token)) {
    return 'it has a space, a comma or a character outside visible ASCII';
  }
  return `it has a character that "Authorization: ${scheme}" does not allow (RFC 6750 §2.1); send such a key in X-API-Key`;
}

const unreadJwt = ({ name, scheme }: Extractor): string =>
  scheme
    ? 'it is a JWT, and no verifier is configured for its issuer'
    : `it is a JWT, and no verifier reads JWTs from the extractor ${name}: send it in Authorization, or name the extractor in jwt({ extractors })`;

const unreadForm = ({ name }: Extractor, token: string): string =>
  countParts(token) === JWE_PARTS
    ? 'it is an encrypted token (JWE, five parts), which no verifier decrypts: have the issuer send signed tokens'
    : `no verifier accepts a token of this form from the extractor ${name}`;

/** Counts the parts between dots, up to one more than any known form has. */
function countParts(token: string): number {
  let parts = 1;
  for (
    let dot = token.indexOf('.');
    dot !== -1 && parts <= JWE_PARTS;
    dot = token.indexOf('.', dot + 1)
  ) {
    parts++;
  }
  return parts;
}
