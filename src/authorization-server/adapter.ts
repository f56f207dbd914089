import { codedError } from '../internal/errors';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { digestOf } from '../credential/digest';
import type { StateStore } from '../stores/store';
import type { Client, Clients } from './clients';
import type { Grants } from './grants';
import type { IssuedTokens } from './issued-tokens';
import type { EncryptedState } from './encrypted-state';

export interface AdapterOptions {
  readonly store: StateStore;
  readonly state: EncryptedState;
  readonly grants: Grants;
  readonly clients: Clients;
  /** Access tokens. */
  readonly issued: IssuedTokens;
  /** How long a refresh token that was used may be used again. */
  readonly refreshGraceMs: number;
  /** What the engine knows a client by. */
  readonly metadataOf: (client: Client) => AdapterPayload;
  /** What the engine answers `invalid_grant` for. */
  readonly invalidGrant: () => Error;
}

/** What the engine keeps, by the names that it has for it. */
export function adapterFor(options: AdapterOptions): (model: string) => Adapter {
  const { state, grants, clients, issued, metadataOf } = options;
  const until = (expiresIn: number | undefined) => Date.now() + (expiresIn ?? 0) * 1000;

  const adapters: Readonly<Record<string, Partial<Adapter>>> = {
    Client: {
      async find(id) {
        const client = await clients.get(id);
        return client && metadataOf(client);
      },
    },
    Grant: {
      upsert: (id, payload, expiresIn) => grants.save(id, payload, until(expiresIn)),
      find: async (id) => (await grants.find(id)) as AdapterPayload | undefined,
      destroy: (id) => grants.end(id),
    },
    Interaction: {
      upsert: (id, payload, expiresIn) => state.put('oauth:Interaction', id, payload, until(expiresIn)),
      find: async (id) => (await state.get('oauth:Interaction', id)) as AdapterPayload | undefined,
      destroy: (id) => state.remove('oauth:Interaction', id),
    },
    // Who is logged in is the app's to say, at every authorization request: a session of the engine's own would outlive the app's.
    Session: { async upsert() {}, async find() {}, async findByUid() {}, async destroy() {} },
    AuthorizationCode: singleUseAdapter('AuthorizationCode', 0, options),
    RefreshToken: singleUseAdapter('RefreshToken', options.refreshGraceMs, options),
    // The engine asks for both kinds, and tells them apart. One of a grant ends with it, and has to be found again where that fails.
    AccessToken: { find: issued.find, async destroy() {}, async revokeByGrantId() {} },
    ClientCredentials: {
      find: issued.find,
      async destroy(jti) {
        await issued.revoke(jti);
      },
    },
  };

  return (model) => complete(model, adapters[model] ?? {});
}

/** What is not there is not used, or we do not know the engine well enough to go on. */
function complete(model: string, adapter: Partial<Adapter>): Adapter {
  const absent = (method: string) => async () => {
    throw codedError('ERR_LATCHKEY_INTERNAL', `The engine called ${method}() of ${model}, which it was not expected to`);
  };
  const methods = ['upsert', 'find', 'findByUserCode', 'findByUid', 'consume', 'destroy', 'revokeByGrantId'] as const;
  return { ...(Object.fromEntries(methods.map((method) => [method, absent(method)])) as unknown as Adapter), ...adapter };
}

/**
 * Codes and refresh tokens. Of many uses at once the store lets one through; every other one ends the grant, since nobody can tell
 * the client's from a thief's (RFC 6749 §4.1.2, RFC 9700 §4.14.2).
 */
function singleUseAdapter(model: string, graceMs: number, { store, state, grants, invalidGrant }: AdapterOptions): Partial<Adapter> {
  const group = `oauth:${model}`;
  const used = `oauth:used ${model}`;
  const usedAt = async (id: string): Promise<number | undefined> => {
    const at = await store.get(used, digestOf(id));
    if (at !== undefined && !/^\d+$/.test(at)) throw codedError('ERR_LATCHKEY_STORE', 'The store answered something that is not a time');
    return at === undefined ? undefined : Number(at);
  };
  // Without a grace no clock is asked: that of the machine of the first use may be ahead.
  const isReuse = (at: number | undefined): at is number => at !== undefined && (graceMs === 0 || Date.now() >= at + graceMs);

  return {
    upsert: (id, payload, expiresIn) => state.put(group, id, payload, Date.now() + (expiresIn ?? 0) * 1000),
    async find(id) {
      const [payload, at] = await Promise.all([state.get(group, id) as Promise<AdapterPayload | undefined>, usedAt(id)]);
      return payload && { ...payload, ...(isReuse(at) && { consumed: Math.floor(at / 1000) }) };
    },
    async consume(id) {
      const payload = (await state.get(group, id)) as AdapterPayload | undefined;
      const now = Date.now();
      if (payload && (await store.setIfAbsent(used, digestOf(id), String(now), (payload.exp ?? 0) * 1000 + graceMs))) return;
      const at = await usedAt(id);
      if (payload && at !== undefined && !isReuse(at)) return;
      if (payload?.grantId !== undefined) await grants.end(payload.grantId);
      throw invalidGrant();
    },
    // They are worth nothing without their grant, as access tokens are.
    async destroy() {},
    async revokeByGrantId() {},
  };
}
