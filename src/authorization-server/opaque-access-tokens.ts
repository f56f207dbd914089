import type { AdapterPayload, Provider } from 'oidc-provider';
import type { ManagedVerifier } from '../verifiers/stored';
import type { ClientRegistry } from './clients';
import type { Grants } from './grants';
import type { IssuedTokens } from './issued-tokens';

export interface OpaqueAccessTokensOptions {
  /** Makes opaque access tokens; undefined where they are JWTs. */
  readonly opaque: ManagedVerifier | undefined;
  readonly issued: IssuedTokens;
  readonly grants: Grants;
  readonly registry: ClientRegistry;
}

/** The answer of a store, in time, or an error that says that we cannot answer. */
export type WithDeadline = <T>(ask: () => Promise<T>) => Promise<T>;

/** Opaque access tokens become credentials of the store, which every guard proves. No token is good whose grant or client has ended. */
export function serveOpaqueAccessTokens(
  engine: Provider,
  { opaque, issued, grants, registry }: OpaqueAccessTokensOptions,
  settled: WithDeadline,
): void {
  const holds = async ({ grantId, clientId = '' }: AdapterPayload) =>
    (await (grantId === undefined ? registry.clients.get(clientId) : grants.find(grantId))) !== undefined;

  const issue = async (tokens: ManagedVerifier, { accountId, clientId, grantId, scope, exp, extra }: AdapterPayload): Promise<string> => {
    const { secret } = await tokens.issue({
      subject: (accountId ?? clientId) as string,
      clientId: clientId as string,
      grantId: grantId ?? null,
      scopes: scope?.split(' ') ?? [],
      expiresAt: (exp as number) * 1000,
      metadata: extra ?? {},
    });
    return secret;
  };

  for (const Model of [engine.AccessToken, engine.ClientCredentials] as unknown as readonly TokenModel[]) {
    const { getValueAndPayload } = Model.prototype;
    Model.prototype.getValueAndPayload = async function () {
      const { value, payload } = await getValueAndPayload.call(this);
      const token = opaque ? await settled(() => issue(opaque, payload as AdapterPayload)) : value;
      // If it ended while the token was made, whoever ended it may not have seen the token.
      if (!(await settled(() => holds(this)))) await settled(() => issued.revoke(opaque ? token : this.jti));
      // Without a payload the engine keeps nothing itself.
      return { value: token };
    };
  }
}

type Token = Pick<AdapterPayload, 'grantId' | 'clientId'> & { readonly jti: string };
interface TokenModel {
  readonly prototype: { getValueAndPayload: (this: Token) => Promise<{ readonly value: string; readonly payload?: AdapterPayload }> };
}
