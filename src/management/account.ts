import type { IncomingMessage } from 'node:http';

import * as z from 'zod/mini';

import { isScopeToken, type ScopeCatalogue } from '../credential/scopes';
import { ownerId } from '../credentials/credential-schemas';
import { check, checkOptions, nonEmptyString } from '../internal/options';

/** Who is logged in. */
export interface Account {
  /** The subject that the keys and apps belong to: 1 to 512 characters. */
  readonly subject: string;
  /** A name that the pages show. @default none */
  readonly name?: string;
  /** The scopes that the account may give to keys and apps. Those they imply are included. */
  readonly scopes: readonly string[];
  /**
   * Who makes the change, for the audit log, if it is not the account itself.
   * @default `subject`
   */
  readonly actor?: string;
}

/** The option `account`. */
export type FindAccount<R extends IncomingMessage> = (
  req: R,
) => Account | null | undefined | Promise<Account | null | undefined>;

const accountSchema = z.object({
  subject: ownerId,
  name: z.optional(check('a string', (value) => typeof value === 'string')),
  scopes: check('a list of scopes', (value) => Array.isArray(value) && value.every(isScopeToken)),
  actor: z.optional(nonEmptyString),
});

/**
 * Returns who makes a request, or undefined for nobody.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if `account` returns something else
 */
export async function readAccount<R extends IncomingMessage>(
  account: FindAccount<R>,
  req: R,
): Promise<Account | undefined> {
  const found = (await account(req)) ?? undefined;
  if (found !== undefined) {
    checkOptions('option "account" returned something invalid', accountSchema, found);
  }
  return found;
}

/** Returns the declared scopes that an account may grant, in the order of their declaration. */
export function grantableScopes(scopes: ScopeCatalogue, account: Account): readonly string[] {
  const granted = scopes.expand(account.scopes);
  return (scopes.names ?? []).filter((name) => granted.includes(name));
}

/** Names who makes a change, for the events. */
export const changeContext = ({ actor, subject }: Account): { readonly actor: string } => ({
  actor: actor ?? subject,
});
