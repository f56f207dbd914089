import { codedError } from '../../internal/errors';
import type { Reason } from '../../credential/reason';
import type { Confirmation } from '../../credential/record';
import { isAbsentOr, isFor, isNumericDate, isObject, isText, scopesOf } from '../jwt/claims';
import type { JsonObject } from '../issuer/fetch';

/** What an authorization server says of a token that is good (RFC 7662 §2.2). Times are seconds since the epoch. */
export interface Introspection extends JsonObject {
  readonly scope?: string;
  readonly client_id?: string;
  readonly token_type?: string;
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly iss?: string;
  readonly jti?: string;
  readonly cnf?: Confirmation;
}

/** What is asked of it. */
export interface IntrospectionPolicy {
  readonly issuer: string | undefined;
  readonly audiences: ReadonlySet<string>;
  readonly allowMissingAudience: boolean;
  readonly toleranceMs: number;
}

const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  client_id: isText,
  token_type: isText,
  exp: isNumericDate,
  nbf: isNumericDate,
  iat: isNumericDate,
  sub: isText,
  iss: isText,
  jti: isText,
  cnf: isObject,
};

/**
 * What the server says of a token, undefined for one that is not active. An Error for an answer that is not one of RFC 7662:
 * a server that talks nonsense is an outage, and to guess what it meant would be to let someone in on a guess.
 */
export function parseIntrospectionResponse(answer: JsonObject): Introspection | undefined {
  if (answer.active === false) return undefined;
  if (answer.active !== true) throw codedError('ERR_LATCHKEY_ISSUER', 'The introspection endpoint did not say whether the token is active');
  // Some servers write null for what they do not know.
  const said = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== null));
  const broken = Object.entries(MEMBERS).find(([name, isSound]) => !isAbsentOr(isSound, said[name]));
  if (broken) throw codedError('ERR_LATCHKEY_ISSUER', `The introspection endpoint answered a "${broken[0]}" that is none (RFC 7662 §2.2)`);
  if (!scopesIn(said))
    throw codedError('ERR_LATCHKEY_ISSUER', 'The introspection endpoint answered a "scope" that is none (RFC 7662 §2.2)');
  return said;
}

export const scopesIn = (said: JsonObject): readonly string[] | undefined => scopesOf(said, ['scope']);

/** The reason to refuse a token that the server holds for active, or undefined: time, issuer and audience, type, then the rest. */
export function validateIntrospection(said: Introspection, policy: IntrospectionPolicy, now: number): Reason | undefined {
  const { exp, nbf, iat, iss, aud, token_type: type, sub, client_id: clientId, cnf } = said;
  if (exp !== undefined && now >= exp * 1000 + policy.toleranceMs) return 'expired';
  if ([nbf, iat].some((time) => time !== undefined && now < time * 1000 - policy.toleranceMs)) return 'not_yet_valid';
  if (policy.issuer !== undefined && iss !== undefined && iss !== policy.issuer) return 'bad_issuer';
  if (aud === undefined ? !policy.allowMissingAudience : !isFor(aud, policy.audiences)) return 'bad_audience';
  if (!isAccessToken(type, aud, cnf)) return 'bad_type';
  return (sub ?? clientId) === undefined ? 'bad_claim' : undefined;
}

/**
 * Servers introspect refresh tokens too (RFC 7662 §2.1). What is for an API names its audience or its type, and nothing is of the
 * type DPoP without the key that it is bound to (RFC 9449 §6.2).
 */
function isAccessToken(type: string | undefined, aud: unknown, cnf: Confirmation | undefined): boolean {
  const name = type?.toLowerCase();
  if (name === undefined) return aud !== undefined;
  return name === 'bearer' || (name === 'dpop' && isText(cnf?.jkt));
}
