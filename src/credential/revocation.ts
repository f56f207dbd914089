/**
 * News that something was revoked or changed: every proof older than the mark is void. What can be proved anew
 * (a stored record) is asked again; what cannot (a JWT, as old as its `iat`) is refused.
 */
export interface RevocationMark {
  /** What `id` names: one secret by its digest, one credential by its id or `jti`, or all of a subject, client or grant. */
  readonly kind: 'digest' | 'credential' | 'subject' | 'client' | 'grant';
  readonly id: string;
  /** When it was revoked, milliseconds since the epoch. */
  readonly at: number;
  /** When the mark may be forgotten: the expiry of the last credential that it is about. Without it, once no cached proof can be older. */
  readonly until?: number;
}

const KINDS: ReadonlySet<unknown> = new Set<RevocationMark['kind']>(['digest', 'credential', 'subject', 'client', 'grant']);

/** Whether it is a mark: it may have come over a channel on which anyone can speak. */
export function isRevocationMark(value: unknown): value is RevocationMark {
  const { kind, id, at, until } = (value ?? {}) as Partial<Record<keyof RevocationMark, unknown>>;
  return KINDS.has(kind) && typeof id === 'string' && Number.isFinite(at) && (until === undefined || Number.isFinite(until));
}
