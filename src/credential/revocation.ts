import { omitUndefined } from '../internal/objects';

/**
 * A notification that credentials were revoked or changed. It ends every cached verification that
 * is older. A stored credential is then looked up again; a JWT that was issued earlier is rejected.
 */
export interface RevocationEvent {
  /**
   * What `id` identifies: one secret by its digest, one credential by its ID or `jti`, or all
   * credentials of a subject, client or grant.
   */
  readonly type: 'digest' | 'credential' | 'subject' | 'client' | 'grant';
  /** The digest, credential ID, subject, client or grant. */
  readonly id: string;
  /** When it was revoked, in milliseconds since the epoch. */
  readonly at: number;
  /**
   * When the event may be discarded, in milliseconds since the epoch: the expiry of the last
   * credential that it applies to. Without it, the event is kept as long as cached verifications.
   */
  readonly expiresAt?: number;
}

const TYPES: ReadonlySet<unknown> = new Set<RevocationEvent['type']>([
  'digest',
  'credential',
  'subject',
  'client',
  'grant',
]);

/**
 * An event as instances send it to each other. The member names are those of 0.1.0, so that both
 * versions can share a channel.
 */
export const encodeRevocation = ({ type, id, at, expiresAt }: RevocationEvent): object => ({
  kind: type,
  id,
  at,
  until: expiresAt,
});

/**
 * Reads what `encodeRevocation()` wrote. Returns undefined for anything else: any client of the
 * database may write to the channel.
 */
export function decodeRevocation(value: unknown): RevocationEvent | undefined {
  const { kind: type, id, at, until: expiresAt } = (value ?? {}) as Record<string, unknown>;
  const isEvent =
    TYPES.has(type) &&
    typeof id === 'string' &&
    Number.isFinite(at) &&
    (expiresAt === undefined || Number.isFinite(expiresAt));
  return isEvent ? (omitUndefined({ type, id, at, expiresAt }) as RevocationEvent) : undefined;
}
