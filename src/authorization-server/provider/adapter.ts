import type { Adapter, AdapterPayload, errors } from 'oidc-provider';

import { codedError } from '../../internal/errors';
import { INTERACTION_TTL_S } from '../interaction/time-to-live';
import { deviceCodeAdapter } from './device-code-adapter';
import type { ProviderOptions } from './provider-options';
import { singleUseAdapter } from './single-use-adapter';

/**
 * Limit for an interaction before the login, in bytes of JSON. Anyone can start one: encrypted and
 * encoded it then takes less than 4 kB of the store.
 */
const MAX_INTERACTION_BYTES = 2_800;

/**
 * Returns the adapters through which oidc-provider stores its models, by the names that it uses for
 * them.
 */
export function providerAdapter(
  { storage, lifetimes }: ProviderOptions,
  errorClasses: typeof errors,
): (model: string) => Adapter {
  const { state, grants, issued } = storage;
  const expiry = (expiresIn: number | undefined) => Date.now() + (expiresIn ?? 0) * 1000;
  const usedGrant = () => new errorClasses.InvalidGrant('used before');
  const usedRequest = () => new errorClasses.InvalidRequestUri('the request_uri was used before');

  const adapters: Readonly<Record<string, Partial<Adapter>>> = {
    Grant: {
      upsert: (id, payload, expiresIn) => grants.save(id, payload, expiry(expiresIn)),
      find: async (id) => (await grants.find(id)) as AdapterPayload | undefined,
      destroy: (id) => grants.end(id),
    },
    Interaction: {
      async upsert(id, payload, expiresIn) {
        if (
          payload.result === undefined &&
          Buffer.byteLength(JSON.stringify(payload)) > MAX_INTERACTION_BYTES
        ) {
          throw new errorClasses.InvalidRequest('the authorization request is too long');
        }
        await state.put('oauth:Interaction', id, payload, expiry(expiresIn));
      },
      find: async (id) => (await state.get('oauth:Interaction', id)) as AdapterPayload | undefined,
      destroy: (id) => state.remove('oauth:Interaction', id),
    },
    // The app decides at every authorization request who is logged in. A session of oidc-provider
    // would outlive the app's own.
    Session: { async upsert() {}, async find() {}, async findByUid() {}, async destroy() {} },
    AuthorizationCode: singleUseAdapter({
      model: 'AuthorizationCode',
      graceMs: 0,
      storage,
      reuseError: usedGrant,
    }),
    RefreshToken: singleUseAdapter({
      model: 'RefreshToken',
      graceMs: lifetimes.refreshGraceMs,
      storage,
      reuseError: usedGrant,
    }),
    DeviceCode: deviceCodeAdapter(storage, errorClasses),
    PushedAuthorizationRequest: singleUseAdapter({
      model: 'PushedAuthorizationRequest',
      graceMs: 0,
      storage,
      // It is used up when the user comes back from login and consent.
      retainMs: 2 * INTERACTION_TTL_S * 1000,
      reuseError: usedRequest,
    }),
    // oidc-provider tries both kinds and distinguishes them. A grant's token ends with it, and must
    // be found again if that fails.
    AccessToken: { find: issued.find, async destroy() {}, async revokeByGrantId() {} },
    ClientCredentials: {
      find: issued.find,
      async destroy(jti) {
        await issued.revoke(jti);
      },
    },
  };

  return (model) => completeAdapter(model, adapters[model] ?? {});
}

/**
 * Adds methods that throw: a call that we do not expect means that oidc-provider behaves in a way
 * that we do not know.
 */
function completeAdapter(model: string, adapter: Partial<Adapter>): Adapter {
  const unexpected = (method: string) => async () => {
    throw codedError(
      'ERR_LATCHKEY_INTERNAL',
      `Unexpected call of ${method}() of the model ${model}`,
    );
  };
  const methods = [
    'upsert',
    'find',
    'findByUserCode',
    'findByUid',
    'consume',
    'destroy',
    'revokeByGrantId',
  ] as const;
  return {
    ...(Object.fromEntries(
      methods.map((method) => [method, unexpected(method)]),
    ) as unknown as Adapter),
    ...adapter,
  };
}
