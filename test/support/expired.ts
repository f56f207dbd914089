import { setTimeout as sleep } from 'node:timers/promises';

import type { Issued, IssueOptions, ManagedVerifier } from 'latchkey';

/**
 * Issues a credential that has expired by the time it is returned. `issue()` itself rejects an
 * expiry in the past.
 */
export async function issueExpired(
  verifier: ManagedVerifier,
  options: IssueOptions,
): Promise<Issued> {
  const expiresAt = Date.now() + 50;
  const issued = await verifier.issue({ ...options, expiresAt });
  await sleep(expiresAt - Date.now() + 1);
  return issued;
}
