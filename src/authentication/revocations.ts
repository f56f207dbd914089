import type { Principal } from '../credential/principal';
import type { RevocationEvent } from '../credential/revocation';

/** What a revocation may be about: a verification, and when it started. */
export interface Revocable {
  readonly digest: string;
  readonly principal: Principal;
  readonly grantId: string | undefined;
  /**
   * When the credential was issued, where verifying it again cannot renew it (a JWT). Milliseconds
   * since the epoch.
   */
  readonly issuedAt: number | undefined;
  /** How many revocations had arrived when the verification started. */
  readonly revocationsSeen: number;
}

interface Revocation {
  readonly at: number;
  readonly expiresAt: number;
  readonly count: number;
}

const FIRST_SWEEP = 1_024;

/**
 * The revocations of one verifier. A cached verification is compared with them on every use: one
 * comparison of numbers if none is new.
 */
export class Revocations {
  /**
   * How many revocations have arrived. A verification that has seen them all need not be checked.
   */
  count = 0;
  readonly #revocations = new Map<string, Revocation>();
  readonly #retentionMs: number;
  #sweepAt = FIRST_SWEEP;

  /**
   * @param retentionMs How long a verification can be used. A revocation without an expiry is kept
   * for as long.
   */
  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  add({ type, id, at, expiresAt = Date.now() + this.#retentionMs }: RevocationEvent): void {
    const name = `${type}:${id}`;
    const known = this.#revocations.get(name);
    this.#revocations.set(name, {
      at: Math.max(at, known?.at ?? at),
      expiresAt: Math.max(expiresAt, known?.expiresAt ?? expiresAt),
      count: ++this.count,
    });
    if (this.#revocations.size >= this.#sweepAt) {
      this.#sweep();
    }
  }

  /** Whether a revocation is later than the verification. */
  isRevoked({ digest, principal, grantId, issuedAt, revocationsSeen }: Revocable): boolean {
    if (this.#revocations.size === 0) {
      return false;
    }
    const { credentialId, subject, clientId } = principal;
    const isRevokedBy = (type: RevocationEvent['type'], id: string | undefined): boolean => {
      const revocation = id === undefined ? undefined : this.#revocations.get(`${type}:${id}`);
      return (
        revocation !== undefined &&
        (issuedAt === undefined ? revocation.count > revocationsSeen : revocation.at >= issuedAt)
      );
    };
    return (
      isRevokedBy('digest', digest) ||
      isRevokedBy('credential', credentialId) ||
      isRevokedBy('subject', subject) ||
      isRevokedBy('client', clientId) ||
      isRevokedBy('grant', grantId)
    );
  }

  #sweep(): void {
    const now = Date.now();
    for (const [name, revocation] of this.#revocations) {
      if (revocation.expiresAt <= now) {
        this.#revocations.delete(name);
      }
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#revocations.size * 2);
  }
}
