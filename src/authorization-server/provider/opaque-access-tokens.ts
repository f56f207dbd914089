import type { AdapterPayload, Provider } from 'oidc-provider';

import { membersIf } from '../../internal/objects';
import type { ManagedVerifier } from '../../verifiers/stored';
import type { Audiences } from '../audiences';
import type { WithDeadline } from './deadlines';
import type { ProviderOptions } from './provider-options';

/**
 * Makes oidc-provider issue opaque access tokens as credentials of the store, which every guard
 * verifies. A token whose grant or client ended while it was issued is revoked at once, whether it
 * is opaque or a JWT.
 */
export function issueOpaqueAccessTokens(
  provider: Provider,
  { signing, storage, audiences }: ProviderOptions,
  deadline: WithDeadline,
): void {
  const { opaque } = signing;
  const { grants, registry, issued } = storage;
  const isActive = async ({ grantId, clientId = '' }: AdapterPayload) =>
    (await (grantId === undefined ? registry.clients.get(clientId) : grants.find(grantId))) !==
    undefined;

  for (const Model of [
    provider.AccessToken,
    provider.ClientCredentials,
  ] as unknown as readonly TokenModel[]) {
    const { getValueAndPayload } = Model.prototype;
    Model.prototype.getValueAndPayload = async function () {
      const { value, payload } = await getValueAndPayload.call(this);
      const token = opaque
        ? await deadline(() => issue(opaque, payload as AdapterPayload, audiences))
        : value;
      // The caller that ended it may not have seen this token.
      if (!(await deadline(() => isActive(this)))) {
        await deadline(() => issued.revoke(opaque ? token : this.jti));
      }
      // Without a payload oidc-provider stores nothing itself.
      return { value: token };
    };
  }
}

async function issue(
  tokens: ManagedVerifier,
  payload: AdapterPayload,
  [defaultAudience]: Audiences,
): Promise<string> {
  const { accountId, clientId, grantId, scope, exp, extra, aud, jkt } = payload;
  const { secret } = await tokens.issue({
    subject: (accountId ?? clientId) as string,
    clientId: clientId as string,
    grantId: grantId ?? null,
    scopes: scope?.split(' ') ?? [],
    expiresAt: (exp as number) * 1000,
    confirmation: jkt === undefined ? null : { jkt },
    metadata: { ...extra, ...membersIf(aud !== defaultAudience, { aud }) },
  });
  return secret;
}

type Token = Pick<AdapterPayload, 'grantId' | 'clientId'> & { readonly jti: string };
interface TokenModel {
  readonly prototype: {
    getValueAndPayload: (
      this: Token,
    ) => Promise<{ readonly value: string; readonly payload?: AdapterPayload }>;
  };
}
