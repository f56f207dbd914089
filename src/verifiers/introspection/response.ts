import type { Confirmation } from '../../credential/record';
import { codedError } from '../../internal/errors';
import type { JsonObject } from '../issuer/fetch';
import {
  isAbsentOr,
  isEmptyConfirmation,
  isFor,
  isNamed,
  isNumericDate,
  isObject,
  isText,
  scopesOf,
} from '../jwt/claims';
import { reject, type Rejection } from '../rejection';

/**
 * An introspection response about an active token (RFC 7662 §2.2). Times are seconds since the
 * epoch.
 */
export interface Introspection extends JsonObject {
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

/** What a verifier requires of it. */
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
 * Reads a response. Returns undefined for a token that is not active. Members that are null count
 * as absent.
 *
 * @throws Error (`ERR_LATCHKEY_ISSUER`) for anything other than a response of RFC 7662: an outage,
 * since guessing could let someone in
 */
export function parseIntrospectionResponse(answer: JsonObject): Introspection | undefined {
  if (answer.active === false) {
    return undefined;
  }
  if (answer.active !== true) {
    throw codedError(
      'ERR_LATCHKEY_ISSUER',
      'The introspection endpoint did not say whether the token is active',
    );
  }
  const response = Object.fromEntries(Object.entries(answer).filter(([, value]) => value !== null));
  const isSound: typeof MEMBERS = { ...MEMBERS, scope: () => scopesIn(response) !== undefined };
  const broken = Object.entries(isSound).find(([name, test]) => !isAbsentOr(test, response[name]));
  if (broken) {
    throw codedError(
      'ERR_LATCHKEY_ISSUER',
      `The introspection endpoint answered a "${broken[0]}" that is invalid (RFC 7662 §2.2)`,
    );
  }
  return response;
}

export const scopesIn = (response: JsonObject): readonly string[] | undefined =>
  scopesOf(response, ['scope']);

/** Returns the subject: `sub`, or the client where the token is not a user's. */
export const subjectIn = ({
  sub,
  client_id: clientId,
  username,
}: Introspection): string | undefined => sub ?? (isNamed(username) ? undefined : clientId);

/**
 * Validates the response about an active token: time, issuer and audience, type, then the rest. A
 * future `iat` alone never rejects.
 */
export function validateIntrospection(
  response: Introspection,
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
  return validatePurpose(response, policy) ?? validateOwner(response);
}

function validatePurpose(
  response: Introspection,
  { allowMissingAudience, audiences }: IntrospectionPolicy,
): Rejection | undefined {
  const { aud, token_type: type, cnf } = response;
  if (aud === undefined && !allowMissingAudience) {
    return reject('bad_audience', 'aud is missing');
  }
  if (aud !== undefined && !isFor(aud, audiences)) {
    return reject('bad_audience', 'aud does not name an accepted audience');
  }
  return isAccessToken(type, aud, cnf)
    ? undefined
    : reject('bad_type', 'token_type is not that of an access token');
}

function validateOwner(response: Introspection): Rejection | undefined {
  if (subjectIn(response) === undefined) {
    return reject('bad_claim', 'sub is missing, and the token is not that of a client alone');
  }
  return isEmptyConfirmation(response.cnf)
    ? reject('bad_claim', 'cnf is empty, so nothing can be verified')
    : undefined;
}

/**
 * Servers introspect refresh tokens too (RFC 7662 §2.1). An access token names its audience or its
 * type, and one of the type DPoP has the key that it is bound to (RFC 9449 §6.2).
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
  return name === 'bearer' || (name === 'dpop' && isText(cnf?.jkt));
}
