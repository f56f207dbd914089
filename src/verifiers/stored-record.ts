import type { Principal } from '../credential/principal';
import type { CredentialRecord } from '../credential/record';
import { omitUndefined } from '../internal/objects';
import { reject } from './rejection';
import type { StoredKind } from './managed-verifier';
import type { Verification } from './verifier';

/**
 * Validates the record of a secret: its kind, expiry, revocation and environment.
 *
 * @param named - the environment that the secret names. Legacy keys name none; their record does.
 */
export function validateRecord(
  record: CredentialRecord,
  options: StoredKind,
  named: string | undefined,
): Verification {
  const { kind, name, environment: required } = options;
  const environment = named ?? record.environment ?? undefined;
  if (record.kind !== kind) {
    return reject('unknown', `the record is of the kind ${record.kind}, not ${kind}`);
  }
  if (record.expiresAt !== null && record.expiresAt <= Date.now()) {
    return { ok: false, reason: 'expired' };
  }
  if (record.revokedAt !== null) {
    return { ok: false, reason: 'revoked' };
  }
  if ((record.disabledAt ?? null) !== null) {
    return { ok: false, reason: 'disabled' };
  }
  if (required !== undefined && environment !== required) {
    return rejectEnvironment(environment, required);
  }
  return {
    ok: true,
    principal: toPrincipal(record, name, environment),
    ...omitUndefined({
      expiresAt: record.expiresAt ?? undefined,
      confirmation: record.confirmation ?? undefined,
      grantId: record.grantId || undefined,
    }),
  };
}

/** Rejects a key of another environment than the required one. */
export const rejectEnvironment = (actual: string | undefined, required: string): Verification =>
  reject(
    'wrong_environment',
    actual === undefined
      ? 'the record has no environment'
      : `the key is of the environment ${actual}, not ${required}`,
  );

const toPrincipal = (
  record: CredentialRecord,
  verifier: string,
  environment: string | undefined,
): Principal =>
  omitUndefined({
    kind: record.kind,
    verifier,
    subject: record.subject,
    clientId: record.clientId || undefined,
    credentialId: record.id,
    environment,
    scopes: record.scopes,
    expiresAt: record.expiresAt ?? undefined,
    claims: record.metadata ?? {},
  });
