import { randomUUID } from 'node:crypto';
import type { Adapter, AdapterPayload, Client as EngineClient, Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { withDeadline } from '../promises';
import type { ScopeCatalogue } from '../credential/scopes';
import type { StateStore } from '../stores/store';
import type { ManagedVerifier } from '../verifiers/stored';
import { adapterFor } from './adapter';
import type { Client, ClientRegistry } from './clients';
import type { Endpoints } from './endpoints';
import type { Grants } from './grants';
import { pageOf } from './page';
import { markup } from './markup';
import type { SealedState } from './sealed-state';
import { unusedJwk, type SigningJwk } from './signing-keys';

export interface EngineOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly endpoints: Endpoints;
  readonly scopes: ScopeCatalogue;
  readonly store: StateStore;
  readonly state: SealedState;
  readonly grants: Grants;
  readonly registry: ClientRegistry;
  /** Opaque access tokens, or the keys that sign JWTs. */
  readonly tokens: ManagedVerifier | readonly [SigningJwk, ...SigningJwk[]];
  readonly hasLogin: boolean;
  readonly accessTokenTtlMs: number;
  readonly refreshTokenTtlMs: number;
  readonly refreshGraceMs: number;
  readonly grantTtlMs: number;
  readonly timeoutMs: number;
}

export type Engine = Provider;

const CODE_TTL = 60;
const INTERACTION_TTL = 3_600;
const OUTAGE = 503;

/**
 * The certified engine, configured: all of OAuth is its own. ESM only, so it is loaded when it is needed, and from CommonJS too.
 * What is switched off here is not offered: OpenID Connect, device flow, dynamic registration, pushed requests, logout.
 */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { Provider: ProviderClass, errors } = await import('oidc-provider');
  const { issuer, audience, endpoints, scopes, registry, tokens, hasLogin, timeoutMs } = options;
  const opaque = isVerifier(tokens) ? tokens : undefined;
  const keys = isVerifier(tokens) ? [unusedJwk()] : tokens;
  const [{ alg }] = keys as readonly [SigningJwk];
  const seconds = (ms: number) => Math.max(1, Math.floor(ms / 1000));

  /** What cannot be decided is 503, and no word about the client. */
  const settled = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await withDeadline(answer, timeoutMs);
    } catch (cause) {
      if (cause instanceof errors.OIDCProviderError) throw cause;
      const unavailable = new errors.TemporarilyUnavailable('the server cannot answer at the moment', { cause });
      throw Object.assign(unavailable, { status: OUTAGE, statusCode: OUTAGE, expose: true });
    }
  };
  const adapter = adapterFor({
    ...options,
    clients: registry.clients,
    tokens: opaque,
    metadataOf: engineMetadata,
    invalidGrant: () => new errors.InvalidGrant('used before'),
  });

  /** Scopes that the client may have: those it is registered for, with all they imply, as far as they are declared still. */
  const scopesFor = (client: Client): readonly string[] => scopes.expand(client.scopes).filter((scope) => scopes.names?.includes(scope));

  const checkScope = ({ oidc: { params } }: KoaContextWithOIDC, client: Client): void => {
    const requested = params?.scope as string | undefined;
    const allowed = scopesFor(client);
    if (requested === undefined && params) params.scope = client.scopes.filter((scope) => allowed.includes(scope)).join(' ') || undefined;
    const unknown = requested?.split(' ').filter((scope) => !allowed.includes(scope)) ?? [];
    if (params?.scope === undefined && params?.grant_type === undefined) throw new errors.InvalidScope('the client may have no scope', '');
    if (unknown.length > 0) throw new errors.InvalidScope('the scope is unknown, or the client may not have it', unknown.join(' '));
  };

  const configuration: Configuration = {
    adapter: (model) => guarded(adapter(model), settled),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === 'none' && (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin && origin !== 'null'),
    clientDefaults: { id_token_signed_response_alg: alg as 'ES256' },
    clockTolerance: 0,
    cookies: { names: { session: 'latchkey_session', interaction: 'latchkey_interaction', resume: 'latchkey_resume' } },
    enabledJWA: { idTokenSigningAlgValues: [alg as 'ES256'] },
    expiresWithSession: async () => false,
    extraClientMetadata: { properties: ['latchkey'] },
    extraTokenClaims: (ctx) => {
      const { AuthorizationCode: code, RefreshToken: refreshToken } = ctx.oidc.entities;
      const { authTime, acr } = refreshToken ?? code ?? {};
      return { ...(authTime !== undefined && { auth_time: authTime }), ...(acr !== undefined && { acr }) };
    },
    features: {
      claimsParameter: { enabled: false },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => clientIn(client).resourceServer || token.clientId === client.clientId,
      },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (ctx, resource, engineClient) => {
          if (resource !== audience) throw new errors.InvalidTarget();
          const client = clientIn(engineClient);
          if (ctx.oidc.route === 'authorization' || ctx.oidc.params?.grant_type === 'client_credentials') checkScope(ctx, client);
          return {
            audience,
            scope: scopesFor(client).join(' '),
            accessTokenFormat: opaque ? 'opaque' : 'jwt',
            ...(!opaque && { jwt: { sign: { alg: alg as 'ES256' } } }),
          };
        },
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => {
          if (token.clientId === client.clientId) return true;
          // RFC 7009 §2.1 tells the client, but not one that anybody can claim to be.
          if (client.clientAuthMethod === 'none') return false;
          throw new errors.InvalidRequest('the token is of another client');
        },
      },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    findAccount: (_ctx, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    interactions: { url: (_ctx, interaction) => `${endpoints.interaction.paths[0]}/${interaction.uid}` },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    jwks: { keys },
    pkce: { required: (_ctx, client) => client.clientAuthMethod === 'none' },
    renderError: (ctx, out) => {
      const { headers, body } = pageOf({
        title: 'This did not work',
        content: markup`<p>${out.error_description ?? out.error}</p>
<p>Go back to the app that sent you here, and begin again.</p>`,
      });
      ctx.set(headers);
      ctx.body = body;
    },
    responseTypes: hasLogin ? ['code'] : [],
    revokeGrantPolicy: () => true,
    rotateRefreshToken: true,
    routes: {
      authorization: endpoints.authorization.paths[0],
      token: endpoints.token.paths[0],
      revocation: endpoints.revocation.paths[0],
      introspection: endpoints.introspection.paths[0],
      jwks: endpoints.jwks.paths[0],
    },
    scopes: [],
    ttl: {
      AccessToken: seconds(options.accessTokenTtlMs),
      AuthorizationCode: CODE_TTL,
      ClientCredentials: seconds(options.accessTokenTtlMs),
      Grant: seconds(options.grantTtlMs),
      Interaction: INTERACTION_TTL,
      RefreshToken: seconds(options.refreshTokenTtlMs),
      Session: INTERACTION_TTL,
    },
  };

  const engine = new ProviderClass(issuer, configuration);
  engine.proxy = true;
  engine.Client.prototype.compareClientSecret = function (secret: string) {
    return settled(registry.proves(this.clientId, secret));
  };
  if (opaque) issueFrom(opaque, engine, options, settled);
  engine.use(async (ctx, next) => {
    await next();
    if (ctx.status === OUTAGE) ctx.set('Retry-After', '1');
    const { oidc, body } = ctx as unknown as KoaContextWithOIDC & { readonly body: { error?: string } | undefined };
    if (body?.error === 'invalid_request' && isOfAnotherGrantType(oidc)) body.error = 'unauthorized_client';
  });
  engine.on('authorization.success', ({ oidc }: KoaContextWithOIDC) => {
    // Then no cookie of it is set, and none is kept.
    (oidc.session as { destroyed?: boolean }).destroyed = true;
  });
  return engine;
}

/** A grant type that the client may not use: the engine has no word for it, RFC 6749 §5.2 has. */
const isOfAnotherGrantType = ({ route, client, params }: KoaContextWithOIDC['oidc']): boolean =>
  route === 'token' && typeof params?.grant_type === 'string' && client?.grantTypeAllowed(params.grant_type) === false;

const isVerifier = (tokens: EngineOptions['tokens']): tokens is ManagedVerifier => 'issue' in tokens;

type Settled = <T>(answer: Promise<T>) => Promise<T>;

function guarded(adapter: Adapter, settled: Settled): Adapter {
  const entries = Object.entries(adapter) as [string, (...args: unknown[]) => Promise<unknown>][];
  return Object.fromEntries(
    entries.map(([name, method]) => [name, (...args: unknown[]) => settled(method(...args))]),
  ) as unknown as Adapter;
}

/** Should a secret ever be compared with what the engine knows, none is right. */
const NO_SECRET = randomUUID();

/** A client as the engine has it. What is ours goes along under a name of its own. */
function engineMetadata(client: Client): AdapterPayload {
  const usesCode = client.grantTypes.includes('authorization_code');
  const confidential = client.type === 'confidential';
  return {
    client_id: client.clientId,
    client_name: client.name,
    application_type: client.applicationType,
    token_endpoint_auth_method: confidential ? 'client_secret_basic' : 'none',
    ...(confidential && { client_secret: NO_SECRET }),
    grant_types: client.grantTypes,
    response_types: usesCode ? ['code'] : [],
    ...(usesCode && { response_modes: ['query', 'fragment'] }),
    redirect_uris: client.redirectUris,
    latchkey: client,
  };
}

export const clientIn = (engineClient: EngineClient): Client => engineClient.latchkey as Client;

/** Access tokens become credentials of the store, which every guard proves. */
function issueFrom(tokens: ManagedVerifier, engine: Engine, { grants, registry }: EngineOptions, settled: Settled): void {
  const holds = async (grantId: string | undefined, clientId: string) =>
    (await (grantId === undefined ? registry.clients.get(clientId) : grants.find(grantId))) !== undefined;

  const issue = async ({ accountId, clientId, grantId, scope, exp, extra }: AdapterPayload): Promise<string> => {
    const { secret, record } = await tokens.issue({
      subject: (accountId ?? clientId) as string,
      clientId: clientId as string,
      grantId: grantId ?? null,
      scopes: scope?.split(' ') ?? [],
      expiresAt: (exp as number) * 1000,
      metadata: extra ?? {},
    });
    // If it ended while the token was made, whoever ended it may not have seen the token.
    if (!(await holds(grantId, clientId as string))) await tokens.revoke(record.id);
    return secret;
  };

  for (const Model of [engine.AccessToken, engine.ClientCredentials] as unknown as readonly TokenModel[]) {
    const { getValueAndPayload } = Model.prototype;
    Model.prototype.getValueAndPayload = async function () {
      const { payload } = await getValueAndPayload.call(this);
      // Without a payload the engine keeps nothing itself.
      return { value: await settled(issue(payload as AdapterPayload)) };
    };
  }
}

interface TokenModel {
  readonly prototype: { getValueAndPayload: (this: object) => Promise<{ readonly value: string; readonly payload?: AdapterPayload }> };
}
