import * as z from 'zod/mini';

import { pageMembers } from '../credentials/credential-schemas';
import { checkOptions, nonEmptyString } from '../internal/options';
import { findGrant, type Grant, type GrantPage, listGrants } from './grant-records';
import type { ProviderStorage } from './provider/provider-options';

/** Options of `grants.revoke()`. */
export interface RevokeGrantOptions {
  /** Ends the grant only if it belongs to this user. @default any user */
  readonly subject?: string;
  /** Who ends it, for the event on `latchkey:grant`. @default none */
  readonly actor?: string;
}

/** Lists and ends what users allowed clients to do: connected apps. */
export interface ServerGrants {
  /**
   * Lists the grants of a user that have not ended, in the order in which the user agreed.
   *
   * @param page `subject`: the user. `after`: ID of the grant that the page begins after. `limit`:
   * 1 to 1 000, 100 by default.
   * @returns The grants of the page.
   * @throws {TypeError} `ERR_LATCHKEY_OPTION` if a member is invalid
   * @example
   * const grants = await server.grants.list({ subject: 'acct_42' });
   */
  list(page: GrantPage): Promise<readonly Grant[]>;
  /**
   * Returns a grant.
   *
   * @param id
   * @returns The grant, or undefined if it does not exist or has ended.
   */
  get(id: string): Promise<Grant | undefined>;
  /**
   * Ends a grant with its access tokens and refresh tokens, on every instance.
   *
   * @param id
   * @param options `subject`: ends the grant only if it belongs to this user. `actor`: who ends it,
   * for the event on `latchkey:grant`.
   * @returns True if this call ended it, false if it does not exist, has ended, or belongs to
   * another user.
   */
  revoke(id: string, options?: RevokeGrantOptions): Promise<boolean>;
}

const pageSchema = z.strictObject({ subject: nonEmptyString, ...pageMembers });
const revokeSchema = z.strictObject({
  subject: z.optional(nonEmptyString),
  actor: z.optional(nonEmptyString),
});

export function serverGrants({ store, grants }: ProviderStorage): ServerGrants {
  const get = (id: string) => {
    checkOptions('grants: id', nonEmptyString, id);
    return findGrant(store, id);
  };
  return {
    async list(page) {
      checkOptions('grants.list()', pageSchema, page);
      return listGrants(store, page);
    },
    get: async (id) => get(id),
    async revoke(id, options = {}) {
      checkOptions('grants.revoke()', revokeSchema, options);
      const grant = await get(id);
      const isAnother = options.subject !== undefined && options.subject !== grant?.subject;
      if (!grant || isAnother) {
        return false;
      }
      await grants.end(id, options);
      return true;
    },
  };
}
