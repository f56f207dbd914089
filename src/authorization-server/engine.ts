import { randomUUID } from 'node:crypto';
import type {
  AccessToken,
  Adapter,
  AdapterPayload,
  Client as EngineClient,
  Configuration,
  KoaContextWithOIDC,
  Provider,
} from 'oidc-provider';
import { withDeadline } from '../internal/promises';
import type { ScopeCatalogue } from '../credential/scopes';
import type { StateStore } from '../stores/store';
import type { ManagedVerifier } from '../verifiers/stored';
import { adapterFor } from './adapter';
import type { Client, ClientRegistry } from './clients';
import type { Endpoints } from './endpoints';
import type { Grants } from './grants';
import type { IssuedTokens } from './issued-tokens';
import { pageOf } from './page';
import { markup } from './markup';
import { serveOpaqueAccessTokens, type WithDeadline } from './opaque-access-tokens';
import { codeFor, publishRefusal, refusalOf } from './refusals';
import type { EncryptedState } from './encrypted-state';
import { unusedJwk, type SigningJwk } from './signing-keys';

export interface EngineOptions {
  readonly issuer: string;
  readonly audience: string;
  readonly endpoints: Endpoints;
  readonly scopes: ScopeCatalogue;
  readonly store: StateStore;
  readonly state: EncryptedState;
  readonly grants: Grants;
  readonly registry: ClientRegistry;
  readonly issued: IssuedTokens;
  /** Makes opaque access tokens; undefined where they are JWTs. */
  readonly opaque: ManagedVerifier | undefined;
  /** Keys that sign JWTs. */
  readonly keys: readonly [SigningJwk, ...SigningJwk[]] | undefined;
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
  const { issuer, audience, endpoints, scopes, registry, opaque, hasLogin, timeoutMs } = options;
  const { keys = [unusedJwk()] } = options;
  const [{ alg }] = keys;
  const seconds = (ms: number) => Math.max(1, Math.floor(ms / 1000));

  /** What cannot be decided is 503, and no word about the client. */
  const settled: WithDeadline = async (ask) => {
    try {
      return await withDeadline(ask(), timeoutMs);
    } catch (cause) {
      if (cause instanceof errors.OIDCProviderError) throw cause;
      const unavailable = new errors.TemporarilyUnavailable('the server cannot answer at the moment', { cause });
      throw Object.assign(unavailable, { statusCode: OUTAGE });
    }
  };
  const adapter = adapterFor({
    ...options,
    clients: registry.clients,
    metadataOf: engineMetadata,
    invalidGrant: () => new errors.InvalidGrant('used before'),
  });

  /** Scopes that the client may have: those it is registered for, with all they imply, as far as they are declared still. */
  const scopesFor = (client: Client): readonly string[] => scopes.expand(client.scopes).filter((scope) => scopes.names?.includes(scope));

  const checkScope = ({ method, query, oidc: { params, body } }: KoaContextWithOIDC, client: Client): void => {
    // As the request has it: of the parameters the engine takes `offline_access` out, which alone would then be no scope at all.
    const said = method === 'POST' ? body : query;
    const requested = (said?.scope as string | undefined) || undefined;
    const allowed = scopesFor(client);
    if (requested === undefined && params) params.scope = client.scopes.filter((scope) => allowed.includes(scope)).join(' ') || undefined;
    const unknown = requested?.split(' ').filter((scope) => !allowed.includes(scope)) ?? [];
    if (params?.scope === undefined && params?.grant_type === undefined) throw new errors.InvalidScope('the client may have no scope', '');
    if (unknown.length > 0) throw new errors.InvalidScope('the scope is unknown, or the client may not have it', unknown.join(' '));
  };

  const configuration: Configuration = {
    // RFC 6749 §4.1.3: a client repeats where its code was sent to. So that it can, it says so from the start.
    allowOmittingSingleRegisteredRedirectUri: false,
    adapter: (model) => guarded(adapter(model), settled),
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    clientBasedCORS: (_ctx, origin, client) =>
      client.clientAuthMethod === 'none' && (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin && origin !== 'null'),
    clientDefaults: { id_token_signed_response_alg: alg as 'ES256' },
    cookies: { names: { session: 'latchkey_session', interaction: 'latchkey_interaction', resume: 'latchkey_resume' } },
    enabledJWA: { idTokenSigningAlgValues: [alg] },
    expiresWithSession: async () => false,
    extraClientMetadata: { properties: ['latchkey'] },
    extraTokenClaims: (ctx, token) => {
      const { AuthorizationCode: code, RefreshToken: refreshToken } = ctx.oidc.entities;
      const { authTime, acr } = refreshToken ?? code ?? {};
      const { grantId } = token as Partial<AccessToken>;
      return {
        ...(authTime !== undefined && { auth_time: authTime }),
        ...(acr !== undefined && { acr }),
        // By which a guard knows that the grant of a JWT has ended. A record has it anyway.
        ...(!opaque && grantId !== undefined && { grant_id: grantId }),
      };
    },
    features: {
      claimsParameter: { enabled: false },
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      introspection: {
        enabled: true,
        // RFC 7662 §2.1 tells nothing to who does not authenticate, and a public client cannot.
        allowedPolicy: (_ctx, client, token) =>
          client.clientAuthMethod !== 'none' && (clientIn(client).resourceServer || token.clientId === client.clientId),
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
      // No longer than the grant, whose end is the end of its tokens, and which clients are to know by `expires_in`.
      AccessToken: ({ oidc: { entities } }) => {
        const ttl = seconds(options.accessTokenTtlMs);
        return Math.max(1, Math.min(ttl, entities.Grant?.remainingTTL ?? ttl));
      },
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
    return settled(() => registry.proves(this.clientId, secret));
  };
  serveOpaqueAccessTokens(engine, options, settled);
  engine.use(async (ctx, next) => {
    await next();
    if (ctx.status === OUTAGE) ctx.set('Retry-After', '1');
    // RFC 6749 §5.1, for caches of HTTP/1.0.
    if (ctx.response.get('Cache-Control') === 'no-store') ctx.set('Pragma', 'no-cache');
    const { oidc, body } = ctx as unknown as KoaContextWithOIDC & { readonly body: { error?: string } | undefined };
    if (body?.error !== undefined) body.error = codeFor(body.error, oidc);
  });
  for (const event of ['authorization.error', 'grant.error', 'revocation.error', 'introspection.error', 'jwks.error', 'server_error'])
    (engine as NodeJS.EventEmitter).on(event, (ctx: KoaContextWithOIDC, error: Error) => publishRefusal(refusalOf(ctx, error)));
  engine.on('authorization.success', ({ oidc }: KoaContextWithOIDC) => {
    // Then no cookie of it is set, and none is kept.
    (oidc.session as { destroyed?: boolean }).destroyed = true;
  });
  return engine;
}

function guarded(adapter: Adapter, settled: WithDeadline): Adapter {
  const entries = Object.entries(adapter) as [string, (...args: unknown[]) => Promise<unknown>][];
  return Object.fromEntries(
    entries.map(([name, method]) => [name, (...args: unknown[]) => settled(() => method(...args))]),
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
    redirect_uris: client.redirectUris,
    latchkey: client,
  };
}

export const clientIn = (engineClient: EngineClient): Client => engineClient.latchkey as Client;
