import type { Adapter, AdapterPayload, errors } from 'oidc-provider';

import { toDigest } from '../../credential/digest';
import { DEVICE_RETENTION_MS } from '../device/device-requests';
import { toUnavailable } from './deadlines';
import type { ProviderStorage } from './provider-options';
import { singleUseAdapter } from './single-use-adapter';

/** Limit for the parameters of a request, in bytes of JSON. Anyone can make one. */
const MAX_PARAMETER_BYTES = 2_000;
/** How long a device may still fetch a decision of the last moment, in seconds. */
const LATE_FETCH_S = 60;

/**
 * Stores device codes. What the user decides is stored separately, under the digest of the device
 * code, and only the first decision counts.
 */
export function deviceCodeAdapter(
  storage: ProviderStorage,
  errorClasses: typeof errors,
): Partial<Adapter> {
  const { devices } = storage;
  const codes = singleUseAdapter({
    model: 'DeviceCode',
    graceMs: 0,
    retainMs: DEVICE_RETENTION_MS,
    storage,
    complete: async (id, payload) => {
      const decision = await devices.decisionOn(toDigest(id));
      return decision ? { ...payload, ...toMembers(decision.result), exp: late(payload) } : payload;
    },
    reuseError: () => new errorClasses.InvalidGrant('used before'),
  });
  return {
    ...codes,
    async upsert(id, { params = {}, userCode = '', clientId = '', deviceInfo: _, ...rest }, ttl) {
      if (Buffer.byteLength(JSON.stringify(params)) > MAX_PARAMETER_BYTES) {
        throw new errorClasses.InvalidRequest('the device authorization request is too long');
      }
      const expiresAt = (rest.exp ?? 0) * 1000;
      if (!(await devices.add({ id: toDigest(id), userCode, clientId, params, expiresAt }))) {
        throw toUnavailable(errorClasses, { detail: 'the generated user code is in use' });
      }
      await codes.upsert(id, { ...rest, clientId }, ttl);
    },
  };
}

const late = ({ exp = 0 }: AdapterPayload): number => exp + LATE_FETCH_S;

const toMembers = (result: object): AdapterPayload => ({ ...result });
