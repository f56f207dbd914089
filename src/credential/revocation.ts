/**
 * News that something was revoked or changed: every proof older than the mark is void. What can be
 * proved anew (a stored record) is asked again; what cannot (a JWT, as old as its `iat`) is
 * refused.
 */
export interface RevocationEvent {
  /**
   * What `id` names: one secret by its digest, one credential by its id or `jti`, or all of a
   * subject, client or grant.
   */
  readonly type: 'digest' | 'credential' | 'subject' | 'client' | 'grant';
  readonly id: string;
  /** When it was revoked, milliseconds since the epoch. */
  readonly at: number;
  /**
   * When the mark may be forgotten: the expiry of the last credential that it is about. Without it,
   * once no cached proof can be older.
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
  return isEvent
    ? ({ type, id, at, ...(expiresAt !== undefined && { expiresAt }) } as RevocationEvent)
    : undefined;
}
