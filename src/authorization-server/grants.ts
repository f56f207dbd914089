import { randomUUID } from 'node:crypto';
import type { StateStore } from '../stores/store';
import type { CredentialOwner } from '../credentials/credential-manager';
import type { EncryptedState } from './encrypted-state';

/** What a user allowed a client. Codes and refresh tokens are worth nothing without their grant. */
export interface Grants {
  save(grantId: string, payload: object, until: number): Promise<void>;
  /** The grant, unless it ended: by itself, or with all of its subject or client. */
  find(grantId: string): Promise<object | undefined>;
  /** Ends a grant and its access tokens. */
  end(grantId: string): Promise<void>;
  /** Ends all grants and access tokens of a subject or client, or one grant. */
  readonly endAll: (whose: CredentialOwner) => Promise<void>;
}

export interface GrantsOptions {
  readonly store: StateStore;
  readonly state: EncryptedState;
  /** Revokes the access tokens that a subject, client or grant holds. */
  readonly revokeTokens: (whose: CredentialOwner) => Promise<unknown>;
  /** How long a grant can live. */
  readonly ttlMs: number;
}

interface Kept {
  readonly payload: Payload;
  /** The last ends of all grants of its subject and of its client, as they stood when it began. */
  readonly ends: readonly (string | null)[];
}

interface Payload {
  readonly accountId?: string;
  readonly clientId?: string;
}

const ENDING = { isEnding: true } as const;
const GRANT = 'oauth:Grant';
const ENDS = 'oauth:end';

export function grants({ store, state, revokeTokens, ttlMs }: GrantsOptions): Grants {
  const endsOf = ({ accountId, clientId }: Payload): Promise<readonly (string | null)[]> =>
    Promise.all([`subject ${accountId}`, `client ${clientId}`].map(async (owner) => (await store.get(ENDS, owner)) ?? null));

  const end = async (grantId: string) => {
    // From here on no new token of it is good, and where the rest fails, whoever looks for the grant next goes on with it.
    await state.put(GRANT, grantId, ENDING, Date.now() + ttlMs);
    await revokeTokens({ grantId });
    await state.remove(GRANT, grantId);
  };

  return {
    async save(grantId, payload, until) {
      await state.put(GRANT, grantId, { payload, ends: await endsOf(payload) } satisfies Kept, until);
    },
    async find(grantId) {
      const kept = (await state.get(GRANT, grantId)) as Kept | typeof ENDING | undefined;
      if (!kept) return undefined;
      if ('isEnding' in kept) {
        await end(grantId);
        return undefined;
      }
      const ends = await endsOf(kept.payload);
      // No clocks are compared, since those of two machines differ: any end that was not there when the grant began has ended it.
      return ends.every((one, index) => one === null || one === kept.ends[index]) ? kept.payload : undefined;
    },
    end,
    async endAll(whose) {
      if (whose.grantId !== undefined) return end(whose.grantId);
      const owner = whose.subject !== undefined ? `subject ${whose.subject}` : `client ${whose.clientId}`;
      await store.set(ENDS, owner, randomUUID(), Date.now() + ttlMs);
      await revokeTokens(whose);
    },
  };
}
