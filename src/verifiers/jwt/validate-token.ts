import { omitUndefined } from '../../internal/objects';
import { isObject } from '../../internal/type-guards';
import { reject, type Rejection } from '../rejection';
import type { Verification } from '../verifier';
import { readScopes, readSubject, readText, toMilliseconds } from './claim-values';
import { type ClaimsPolicy, expiryWithTolerance, validateClaims } from './claims';
import type { CompactJws } from './parse-jws';

/** The verification of a token that is valid unless it was revoked. */
export type AcceptedToken = Verification & { readonly ok: true; readonly issuedAt: number };

/** Validates the claims of a token whose signature is valid, and reads its principal. */
export function validateToken(
  jws: CompactJws,
  policy: ClaimsPolicy,
  verifier: string,
): AcceptedToken | Rejection {
  const { payload } = jws;
  const rejection = validateClaims(jws, policy, Date.now());
  if (rejection) {
    return rejection;
  }
  const scopes = readScopes(payload, policy.scopeClaims);
  if (!scopes) {
    return reject('bad_claim', `${policy.scopeClaims.join(' or ')} is neither a string nor a list`);
  }
  const { cnf } = payload;
  return {
    ok: true,
    expiresAt: expiryWithTolerance(payload, policy),
    // A token is no fresher after it is verified again: an earlier revocation does not cover it.
    issuedAt: toMilliseconds(payload.iat) ?? 0,
    ...omitUndefined({
      confirmation: isObject(cnf) ? cnf : undefined,
      grantId: readText(payload, 'grant_id'),
    }),
    principal: omitUndefined({
      kind: 'access_token',
      verifier,
      subject: readSubject(payload, policy.clientIdClaim) ?? '',
      issuer: readText(payload, 'iss') ?? '',
      clientId: readText(payload, policy.clientIdClaim),
      credentialId: readText(payload, 'jti'),
      scopes,
      expiresAt: toMilliseconds(payload.exp),
      claims: payload,
    }),
  };
}
