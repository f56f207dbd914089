import { withDeadline } from '../../internal/promises';
import type { DeviceRequests } from './device-requests';

/** What pages need of the requests of devices. */
export type PageDevices = Pick<DeviceRequests, 'find' | 'decide' | 'decisionOn'>;

/**
 * Bounds the store calls of pages. If the store fails or does not respond in time, the user sees
 * the page for an outage, and the device keeps on waiting.
 */
export function pageDevices(devices: DeviceRequests, timeoutMs: number): PageDevices {
  const bounded = <T>(pending: Promise<T>): Promise<T> =>
    withDeadline(pending, timeoutMs).catch((cause: unknown) => {
      const error = new Error('the server cannot respond at the moment', { cause });
      throw Object.assign(error, { error: 'temporarily_unavailable' });
    });
  return {
    find: (userCode) => bounded(devices.find(userCode)),
    decide: (request, decision) => bounded(devices.decide(request, decision)),
    decisionOn: (id) => bounded(devices.decisionOn(id)),
  };
}
