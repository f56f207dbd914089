import type { Principal } from '../credential/principal';
import type { CredentialRecord } from '../credential/record';
import { omitUndefined } from '../internal/objects';
import type { StoredKind } from './managed-verifier';
import { reject } from './rejection';
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
  const rejection =
    rejectEnded(record, kind) ?? rejectEnvironment(environment, required ?? environment);
  if (rejection) {
    return rejection;
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

/** Rejects a record of another kind, and one that expired or was revoked or disabled. */
function rejectEnded(record: CredentialRecord, kind: string): Verification | undefined {
  const { expiresAt, revokedAt, disabledAt = null } = record;
  if (record.kind !== kind) {
    return reject('unknown', `the record is of the kind ${record.kind}, not ${kind}`);
  }
  if (expiresAt !== null && expiresAt <= Date.now()) {
    return { ok: false, reason: 'expired' };
  }
  if (revokedAt !== null) {
    return { ok: false, reason: 'revoked' };
  }
  return disabledAt === null ? undefined : { ok: false, reason: 'disabled' };
}

/** Rejects a key of another environment than the required one. */
export function rejectEnvironment(
  actual: string | undefined,
  required: string | undefined,
): Verification | undefined {
  if (actual === required) {
    return undefined;
  }
  return reject(
    'wrong_environment',
    actual === undefined
      ? 'the record has no environment'
      : `the key is of the environment ${actual}, not ${required}`,
  );
}

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
