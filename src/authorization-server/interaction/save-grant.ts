import type { Provider } from 'oidc-provider';

import type { LoginResult } from './login-result';
import type { Step } from './step';

/** Stores what a user allowed: of each resource, the scopes that it knows. */
export async function saveGrant(
  { provider, interaction, scopesOf }: Step,
  { accountId }: LoginResult,
  allowed: readonly string[],
): Promise<InstanceType<Provider['Grant']>> {
  const rejected = interaction.scopes
    .map(({ name }) => name)
    .filter((scope) => !allowed.includes(scope));
  const grant = new provider.Grant({ accountId, clientId: interaction.client.clientId });
  for (const resource of interaction.request.resource) {
    const known = scopesOf(resource);
    addScopes(grant, resource, {
      allowed: allowed.filter((scope) => known.includes(scope)),
      rejected: rejected.filter((scope) => known.includes(scope)),
    });
  }
  await grant.save();
  return grant;
}

/** Adds the scopes of one resource to a grant. */
function addScopes(
  grant: InstanceType<Provider['Grant']>,
  resource: string,
  { allowed, rejected }: Readonly<Record<'allowed' | 'rejected', readonly string[]>>,
): void {
  if (allowed.length > 0) {
    grant.addResourceScope(resource, [...allowed]);
  }
  if (rejected.length > 0) {
    grant.rejectResourceScope(resource, [...rejected]);
  }
}
