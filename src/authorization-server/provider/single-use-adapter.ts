import type { Adapter, AdapterPayload } from 'oidc-provider';

import { toDigest } from '../../credential/digest';
import { codedError } from '../../internal/errors';
import type { ProviderStorage } from './provider-options';

export interface SingleUseOptions {
  readonly model: string;
  /** How long a used value may be used again, in milliseconds. */
  readonly graceMs: number;
  /**
   * How long an expired value is still known, in milliseconds, so that a later use of it is found
   * to be the second one.
   * @default 0
   */
  readonly retainMs?: number;
  readonly storage: ProviderStorage;
  /** Adds what is stored elsewhere. @default nothing */
  readonly complete?: (id: string, payload: AdapterPayload) => Promise<AdapterPayload>;
  /** Creates the error of a second use. */
  readonly reuseError: () => Error;
}

/** The methods of an adapter that such a model needs. */
export type SingleUseAdapter = Pick<
  Adapter,
  'upsert' | 'find' | 'consume' | 'destroy' | 'revokeByGrantId'
>;

/**
 * Stores codes, refresh tokens and pushed requests. The store lets one of many concurrent uses
 * through. Every other use ends the grant, because the client cannot be distinguished from a thief.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2
 */
export function singleUseAdapter({
  model,
  graceMs,
  retainMs = 0,
  storage,
  complete = async (_id, payload) => payload,
  reuseError,
}: SingleUseOptions): SingleUseAdapter {
  const { store, state, grants } = storage;
  const group = `oauth:${model}`;
  const used = `oauth:used ${model}`;
  const load = async (id: string): Promise<AdapterPayload | undefined> => {
    const payload = (await state.get(group, id)) as AdapterPayload | undefined;
    return payload && complete(id, payload);
  };
  const usedAt = async (id: string): Promise<number | undefined> => {
    const at = await store.get(used, toDigest(id));
    if (at !== undefined && !/^\d+$/.test(at)) {
      throw codedError('ERR_LATCHKEY_STORE', 'The store returned something that is not a time');
    }
    return at === undefined ? undefined : Number(at);
  };
  // Without a grace period no clock is read: the clock of the instance that saw the first use may
  // be ahead.
  const isReuse = (at: number | undefined): at is number =>
    at !== undefined && (graceMs === 0 || Date.now() >= at + graceMs);

  return {
    upsert: (id, payload, expiresIn) =>
      state.put(group, id, payload, Date.now() + (expiresIn ?? 0) * 1000 + retainMs),
    async find(id) {
      const [payload, at] = await Promise.all([load(id), usedAt(id)]);
      return payload && isReuse(at) ? { ...payload, consumed: Math.floor(at / 1000) } : payload;
    },
    async consume(id) {
      const payload = await load(id);
      const now = Date.now();
      if (
        payload &&
        (await store.setIfAbsent(
          used,
          toDigest(id),
          String(now),
          (payload.exp ?? 0) * 1000 + graceMs + retainMs,
        ))
      ) {
        return;
      }
      const at = await usedAt(id);
      if (payload && at !== undefined && !isReuse(at)) {
        return;
      }
      if (payload?.grantId !== undefined) {
        await grants.end(payload.grantId);
      }
      throw reuseError();
    },
    // Codes and refresh tokens are worthless without their grant, and so are access tokens.
    async destroy() {},
    async revokeByGrantId() {},
  };
}
