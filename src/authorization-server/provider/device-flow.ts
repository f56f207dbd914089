import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider';

import { toDigest } from '../../credential/digest';
import { createAttempts } from '../device/attempts';
import { POLL_INTERVAL_MS } from '../device/device-requests';
import { DEVICE_CODE_TTL_S } from '../interaction/time-to-live';
import { toUnavailable, type WithDeadline } from './deadlines';
import type { RoutedRequest } from './endpoint-urls';
import type { ProviderOptions } from './provider-options';

export interface DeviceFlowParts {
  readonly deadline: WithDeadline;
  readonly errorClasses: typeof errors;
  /** Returns the request that oidc-provider is responding to. */
  readonly context: () => KoaContextWithOIDC | undefined;
}

/** How many codes an instance issues within the lifetime of one. Anyone can request them. */
const ISSUED_CODES = { maxOfNetwork: 1_000, max: 10_000, windowMs: DEVICE_CODE_TTL_S * 1000 };

/**
 * Bounds how many devices wait for their users. oidc-provider calls the function before it stores a
 * code, to store what it returns along with it.
 */
export function countDevices(
  errorClasses: typeof errors,
): (ctx: { readonly req: RoutedRequest }) => Record<string, never> {
  const { begin } = createAttempts(ISSUED_CODES);
  return ({ req }) => {
    if (!begin(req.address ?? '')) {
      throw toUnavailable(errorClasses, { detail: 'too many devices wait for their users' });
    }
    return {};
  };
}

/**
 * Completes the device flow of oidc-provider, which neither publishes an interval nor notices that
 * a device polls too quickly.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 */
export function completeDeviceFlow(
  provider: Provider,
  { storage, endpoints }: ProviderOptions,
  { deadline, errorClasses, context }: DeviceFlowParts,
): void {
  const { url } = endpoints.deviceVerification;
  const events: NodeJS.EventEmitter = provider;
  events.on('device_authorization.success', (_ctx: object, body: DeviceAuthorization) => {
    const query = new URLSearchParams({ user_code: body.user_code });
    body.verification_uri = url;
    body.verification_uri_complete = `${url}?${query.toString()}`;
    body.interval = POLL_INTERVAL_MS / 1000;
  });

  const model = provider.DeviceCode as unknown as DeviceCodeModel;
  const { find } = model;
  model.find = async function (deviceCode, options) {
    const code = await find.call(this, deviceCode, options);
    // Another client cannot slow the device down.
    const isPending =
      code && code.clientId === context()?.oidc.client?.clientId && isUndecided(code);
    if (isPending && (await deadline(() => polls(deviceCode, code)))) {
      throw new errorClasses.SlowDown();
    }
    return code;
  };
  const polls = (deviceCode: string, { exp }: DeviceCode) =>
    storage.devices.polls(toDigest(deviceCode), exp * 1000);
}

const isUndecided = ({ accountId, error, isExpired }: DeviceCode): boolean =>
  accountId === undefined && error === undefined && !isExpired;

interface DeviceCode {
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly error?: string | undefined;
  readonly isExpired: boolean;
  readonly exp: number;
}

/** The static method of oidc-provider's model, which its types lack. */
interface DeviceCodeModel {
  find: (deviceCode: string, options?: object) => Promise<DeviceCode | undefined>;
}

/** @see https://www.rfc-editor.org/rfc/rfc8628#section-3.2 */
interface DeviceAuthorization {
  readonly user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  interval?: number;
}
