import type { Confirmation } from '../../credential/record';
import { codedError } from '../../internal/errors';
import { isAbsentOr, isNonEmptyString, isObject } from '../../internal/type-guards';
import type { JsonObject } from '../issuer/fetch';
import {
  hasUsername,
  isEmptyConfirmation,
  isNumericDate,
  namesAudience,
  readScopes,
} from '../jwt/claim-values';
import { reject, type Rejection, rejectUnless } from '../rejection';

/**
 * An introspection response about an active token (RFC 7662 §2.2). Times are seconds since the
 * epoch.
 */
export interface IntrospectionResponse extends JsonObject {
  readonly scope?: string;
  readonly client_id?: string;
  readonly token_type?: string;
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly sub?: string;
  readonly username?: unknown;
  readonly aud?: string | readonly string[];
  readonly iss?: string;
  readonly jti?: string;
  readonly cnf?: Confirmation;
}

/** What a verifier requires of a response. */
export interface IntrospectionPolicy {
  readonly issuer: string | undefined;
  readonly audiences: ReadonlySet<string>;
  readonly allowMissingAudience: boolean;
  readonly toleranceMs: number;
}

/** The members of a response with a fixed type. */
const MEMBERS: Readonly<Record<string, (value: unknown) => boolean>> = {
  client_id: isNonEmptyString,
  token_type: isNonEmptyString,
  exp: isNumericDate,
  nbf: isNumericDate,
  iat: isNumericDate,
  sub: isNonEmptyString,
  iss: isNonEmptyString,
  jti: isNonEmptyString,
  cnf: isObject,
};

/**
 * Parses a response. Returns undefined for a token that is not active. Members that are null count
 * as absent.
 *
 * @throws {Error} `ERR_LATCHKEY_ISSUER` if it is not a response of RFC 7662. Guessing its meaning
 * could accept an invalid token.
 */
export function parseIntrospectionResponse(body: JsonObject): IntrospectionResponse | undefined {
  if (body.active === false) {
    return undefined;
  }
  if (body.active !== true) {
    throw codedError(
      'ERR_LATCHKEY_ISSUER',
      'The response of the introspection endpoint has no "active" that is true or false (RFC 7662 §2.2)',
    );
  }
  const response = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const tests = { ...MEMBERS, scope: () => responseScopes(response) !== undefined };
  const invalid = Object.entries(tests).find(([name, test]) => !isAbsentOr(test)(response[name]));
  if (invalid) {
    throw codedError(
      'ERR_LATCHKEY_ISSUER',
      `The response of the introspection endpoint has an invalid "${invalid[0]}" (RFC 7662 §2.2)`,
    );
  }
  return response;
}

export const responseScopes = (response: JsonObject): readonly string[] | undefined =>
  readScopes(response, ['scope']);

/** Returns the subject: `sub`, or the client if the token is not that of a user. */
export function responseSubject(response: IntrospectionResponse): string | undefined {
  const { sub, client_id: clientId } = response;
  return sub ?? (hasUsername(response) ? undefined : clientId);
}

/**
 * Validates the response about an active token: time, issuer and audience, type, then the rest. A
 * future `iat` alone does not reject.
 */
export function validateIntrospection(
  response: IntrospectionResponse,
  policy: IntrospectionPolicy,
  now: number,
): Rejection | undefined {
  const { exp, nbf, iss } = response;
  if (exp !== undefined && now >= exp * 1000 + policy.toleranceMs) {
    return reject('expired', 'exp is in the past');
  }
  if (nbf !== undefined && now < nbf * 1000 - policy.toleranceMs) {
    return reject('not_yet_valid', 'nbf is in the future');
  }
  if (policy.issuer !== undefined && iss !== undefined && iss !== policy.issuer) {
    return reject('bad_issuer', 'iss is not the configured issuer');
  }
  return validatePurpose(response, policy) ?? validateSubject(response);
}

function validatePurpose(
  response: IntrospectionResponse,
  { allowMissingAudience, audiences }: IntrospectionPolicy,
): Rejection | undefined {
  const { aud, token_type: type, cnf } = response;
  if (aud === undefined && !allowMissingAudience) {
    return reject('bad_audience', 'aud is missing');
  }
  if (aud !== undefined && !namesAudience(aud, audiences)) {
    return reject('bad_audience', 'aud does not name an accepted audience');
  }
  const detail = 'token_type is not that of an access token';
  return rejectUnless(isAccessToken(type, aud, cnf), 'bad_type', detail);
}

function validateSubject(response: IntrospectionResponse): Rejection | undefined {
  if (responseSubject(response) === undefined) {
    return reject('bad_claim', 'sub is missing, and the token is not that of a client alone');
  }
  const isVerifiable = !isEmptyConfirmation(response.cnf);
  return rejectUnless(isVerifiable, 'bad_claim', 'cnf is empty, so nothing can be verified');
}

/**
 * Whether the response is about an access token: servers introspect refresh tokens too (RFC 7662
 * §2.1). It has an audience or a type, and with the type DPoP the key that it is bound to (RFC 9449
 * §6.2).
 */
function isAccessToken(
  type: string | undefined,
  aud: unknown,
  cnf: Confirmation | undefined,
): boolean {
  const name = type?.toLowerCase();
  if (name === undefined) {
    return aud !== undefined;
  }
  return name === 'bearer' || (name === 'dpop' && isNonEmptyString(cnf?.jkt));
}
