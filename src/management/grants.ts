import type { Grant } from '../authorization-server/grant-records';
import type { ServerGrants } from '../authorization-server/server-grants';
import { omitUndefined } from '../internal/objects';
import { type Account, changeContext } from './account';
import { fail, NOT_FOUND, type Outcome, succeed } from './faults';
import { attempt, readFields } from './input';
import type { ManagementContext } from './options';
import { readPage } from './read-page';

/** What the account allowed an app to do. Times are in milliseconds since the epoch. */
export interface ManagedGrant {
  readonly id: string;
  readonly clientId: string;
  /** The name of the app; null if it is not registered, or was removed. */
  readonly name: string | null;
  readonly scopes: readonly string[];
  readonly audience: readonly string[];
  readonly issuedAt: number;
  readonly expiresAt: number | null;
}

export interface ManagedGrants {
  readonly grants: readonly ManagedGrant[];
  readonly next: string | null;
}

/** The context of a server with grants. */
export type GrantContext = ManagementContext & { readonly grants: ServerGrants };

/** Whether users manage connected apps. */
export const hasGrants = (context: ManagementContext): context is GrantContext =>
  context.grants !== undefined;

const PAGE_FIELDS = ['after', 'limit'];

/** Lists the apps that act for the account, in the order in which it allowed them. */
export async function listGrants(
  context: GrantContext,
  { subject }: Account,
  input?: unknown,
): Promise<Outcome<ManagedGrants>> {
  const read = readFields(input, PAGE_FIELDS);
  if (!read.ok) {
    return read;
  }
  const { limit, ...others } = read.value;
  return attempt(PAGE_FIELDS, async () => {
    const { items, next } = await readPage(
      limit,
      (page) => context.grants.list({ ...omitUndefined(others), ...page, subject }),
      ({ id }) => id,
    );
    return { grants: await withNames(context, items), next };
  });
}

async function withNames(
  { clients }: GrantContext,
  grants: readonly Grant[],
): Promise<readonly ManagedGrant[]> {
  const ids = [...new Set(grants.map(({ clientId }) => clientId))];
  const names = new Map(
    await Promise.all(ids.map(async (id) => [id, (await clients?.get(id))?.name ?? null] as const)),
  );
  return grants.map((grant) => toManagedGrant(grant, names.get(grant.clientId) ?? null));
}

function toManagedGrant(grant: Grant, name: string | null): ManagedGrant {
  const { id, clientId, scopes, audience, issuedAt, expiresAt } = grant;
  return { id, clientId, name, scopes, audience, issuedAt, expiresAt };
}

/** Ends a grant with its tokens. */
export async function revokeGrant(
  { grants }: GrantContext,
  account: Account,
  id: string,
): Promise<Outcome<string>> {
  const options = { subject: account.subject, ...changeContext(account) };
  const isRevoked = id !== '' && (await grants.revoke(id, options));
  return isRevoked ? succeed(id) : fail(NOT_FOUND);
}
