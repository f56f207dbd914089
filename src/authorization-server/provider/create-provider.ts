import type * as oidc from 'oidc-provider';
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';

import { codedError, typeError } from '../../internal/errors';
import { isPromise } from '../../internal/promises';
import { isObject } from '../../internal/type-guards';
import { toPublicId } from '../interaction/interaction-id';
import type { ResolvedServerOptions } from '../resolve-options';
import { providerAdapter } from './adapter';
import { clientAdapter } from './client-adapter';
import { toClient } from './client-metadata';
import { providerConfiguration } from './configuration';
import { adapterWithDeadline, storeDeadline } from './deadlines';
import { completeDeviceFlow } from './device-flow';
import { useEndpointUrls } from './endpoint-urls';
import { completeResponses } from './error-responses';
import { issueOpaqueAccessTokens } from './opaque-access-tokens';
import type { ProviderOptions, ProviderStorage } from './provider-options';
import { detectReplays } from './replay-detection';

/**
 * Creates the configured oidc-provider, which implements all of OAuth. It is an ES module, so it is
 * loaded with `import()`, also from CommonJS.
 */
export async function createProvider(
  resolved: ResolvedServerOptions,
  storage: ProviderStorage,
): Promise<Provider> {
  const { Provider: OidcProvider, errors } = await loadProvider();
  const options: ProviderOptions = { ...resolved, storage };
  const { registry } = storage;
  const deadline = storeDeadline(options.timeoutMs, errors);
  const adapter = providerAdapter(options, errors);
  const context = () => OidcProvider.ctx;
  const clients = clientAdapter({
    storage,
    methods: resolved.features.clientAuthentication,
    deadline,
    errorClasses: errors,
    context,
  });

  class LatchkeyProvider extends OidcProvider {
    /** Keeps the secret part of an interaction's ID out of URLs. */
    override pathFor(name: string, values: { readonly uid?: string } = {}): string {
      return super.pathFor(
        name,
        values.uid === undefined ? values : { ...values, uid: toPublicId(values.uid) },
      );
    }
  }
  const configuration = providerConfiguration(options, {
    adapter: (model) =>
      model === 'Client'
        ? { ...adapter(model), ...clients }
        : adapterWithDeadline(adapter(model), deadline),
    deadline,
    errorClasses: errors,
  });
  const changed = configured(configuration, options);
  const provider = withCode(() => new LatchkeyProvider(options.issuer, changed));
  provider.proxy = true;
  provider.Client.prototype.compareClientSecret = function (secret: string) {
    return deadline(() => registry.secrets.proves(this.clientId, secret));
  };
  issueOpaqueAccessTokens(provider, options, deadline);
  detectReplays(provider, storage.store, deadline);
  useEndpointUrls(provider, options.endpoints.token.url);
  completeResponses(provider);
  completeDeviceFlow(provider, options, { deadline, errorClasses: errors, context });
  discardSessions(provider);
  keepUsedRegistrations(provider, storage);
  return provider;
}

/** @throws {Error} `ERR_LATCHKEY_PEER` if oidc-provider is not installed */
async function loadProvider(): Promise<typeof oidc> {
  try {
    return await import('oidc-provider');
  } catch (cause) {
    throw codedError(
      'ERR_LATCHKEY_PEER',
      'authorizationServer(): the package oidc-provider could not be loaded; run "npm install oidc-provider"',
      { cause },
    );
  }
}

/**
 * Calls `configure`, or oidc-provider with what it returned.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if that fails
 */
function withCode<T>(call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      'authorizationServer(): option "configure" failed, or oidc-provider rejects what it returned',
      { cause },
    );
  }
}

/** Applies the option `configure`. */
function configured(
  configuration: Configuration,
  { features: { configure = (one) => one } }: ProviderOptions,
): Configuration {
  const changed: unknown = withCode(() => configure({ ...configuration }));
  if (!isObject(changed) || isPromise(changed)) {
    throw typeError(
      'ERR_LATCHKEY_OPTION',
      'authorizationServer(): option "configure" must return the configuration of oidc-provider',
    );
  }
  return changed;
}

/**
 * The app knows who is logged in, so oidc-provider neither keeps a session nor sets a cookie for
 * one.
 */
function discardSessions(provider: Provider): void {
  provider.on('authorization.success', ({ oidc }: KoaContextWithOIDC) => {
    (oidc.session as { destroyed?: boolean }).destroyed = true;
  });
}

/** A client that registered itself stays registered while users use it. */
function keepUsedRegistrations(provider: Provider, { unverified }: ProviderStorage): void {
  provider.on('grant.success', ({ oidc }: KoaContextWithOIDC) => {
    if (oidc.client) {
      // A failure does not concern the client. The next token response tries again.
      unverified.dynamic?.clients.extend(toClient(oidc.client)).catch(() => {});
    }
  });
}
