import type { Principal } from '../credential/principal';
import type { RevocationEvent } from '../credential/revocation';

/** What a revocation mark may be about: a proof that was made, and when. */
export interface Revocable {
  readonly digest: string;
  readonly principal: Principal;
  readonly grantId: string | undefined;
  /** How old the evidence is, where proving anew cannot renew it. */
  readonly issuedAt: number | undefined;
  /** How many marks had come when the proof was begun. */
  readonly marks: number;
}

interface KeptMark {
  readonly at: number;
  readonly expiresAt: number;
  readonly count: number;
}

const FIRST_SWEEP = 1_024;

/** The marks of one verifier. Looked at on every use of a cached proof, at the cost of one comparison when none is new. */
export class Revocations {
  /** How many marks have come: a proof that has seen them all need not be looked at. */
  count = 0;
  readonly #marks = new Map<string, KeptMark>();
  readonly #retentionMs: number;
  #sweepAt = FIRST_SWEEP;

  /** `retentionMs`: how old a proof can get that is not proven anew. A mark without an end of its own is kept for so long. */
  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  add({ type, id, at, expiresAt = Date.now() + this.#retentionMs }: RevocationEvent): void {
    const name = `${type}:${id}`;
    const known = this.#marks.get(name);
    this.#marks.set(name, {
      at: Math.max(at, known?.at ?? at),
      expiresAt: Math.max(expiresAt, known?.expiresAt ?? expiresAt),
      count: ++this.count,
    });
    if (this.#marks.size >= this.#sweepAt) this.#sweep();
  }

  /** Whether a mark is younger than the proof. */
  voids({ digest, principal, grantId, issuedAt, marks }: Revocable): boolean {
    if (this.#marks.size === 0) return false;
    const { credentialId, subject, clientId } = principal;
    const isVoidedBy = (type: RevocationEvent['type'], id: string | undefined): boolean => {
      const mark = id === undefined ? undefined : this.#marks.get(`${type}:${id}`);
      return mark !== undefined && (issuedAt === undefined ? mark.count > marks : mark.at >= issuedAt);
    };
    return (
      isVoidedBy('digest', digest) ||
      isVoidedBy('credential', credentialId) ||
      isVoidedBy('subject', subject) ||
      isVoidedBy('client', clientId) ||
      isVoidedBy('grant', grantId)
    );
  }

  #sweep(): void {
    const now = Date.now();
    for (const [name, mark] of this.#marks) if (mark.expiresAt <= now) this.#marks.delete(name);
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#marks.size * 2);
  }
}
