import { codedError } from '../../internal/errors';
import { isObject } from '../../internal/type-guards';
import type { StateStore } from '../../stores/store';
import type { EncryptedState } from '../encrypted-state';

/**
 * A device that waits for its user, as the user finds it by the code that the device shows. Only
 * the digest of the device code is known here, so nobody who reads the store can poll for the
 * tokens.
 */
export interface DeviceRequest {
  /** Digest of the device code. */
  readonly id: string;
  readonly userCode: string;
  readonly clientId: string;
  /** The parameters of the device authorization request. */
  readonly params: Readonly<Record<string, unknown>>;
  /** When both codes expire, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** What became of a request. The members of `result` are added to oidc-provider's device code. */
export interface DeviceDecision {
  /** Public ID of the interaction in which it was made. */
  readonly by: string;
  readonly result: ConnectedDevice | RefusedDevice;
}

/** The user agreed. */
export interface ConnectedDevice {
  readonly accountId: string;
  readonly authTime: number;
  readonly acr?: string;
  readonly grantId: string;
  readonly scope: string;
  readonly resource: readonly string[];
}

/** The device gets this error. */
export interface RefusedDevice {
  readonly error: string;
  readonly errorDescription: string;
}

/** The requests of devices, in the store. */
export interface DeviceRequests {
  /** Adds a request. Returns false if another has the same user code. */
  add(request: DeviceRequest): Promise<boolean>;
  /** Finds a request, also for some time after it expired. */
  find(userCode: string): Promise<DeviceRequest | undefined>;
  /** Decides a request. Returns false, and changes nothing, if it was decided before. */
  decide(request: DeviceRequest, decision: DeviceDecision): Promise<boolean>;
  /** Returns the decision on the request with this ID, if it was made. */
  decisionOn(id: string): Promise<DeviceDecision | undefined>;
  /** Notes that the device polls, and returns whether it polls too quickly. */
  polls(id: string, expiresAt: number): Promise<boolean>;
}

/**
 * How long an expired code is still known, in milliseconds: the device gets `expired_token`, and
 * the user reads that the code has expired.
 */
export const DEVICE_RETENTION_MS = 600_000;

/**
 * How long a device waits between two polls, in milliseconds, and how much longer after each
 * `slow_down`.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.5
 */
export const POLL_INTERVAL_MS = 5_000;
/** A poll may come earlier by this, because one takes longer on its way than another. */
const POLL_TOLERANCE_MS = 1_000;

const REQUEST = 'oauth:UserCode';
const DECISION = 'oauth:decided DeviceCode';
const POLL = 'oauth:polled DeviceCode';

export function deviceRequests(store: StateStore, state: EncryptedState): DeviceRequests {
  return {
    add: async (request) =>
      state.putIfAbsent(REQUEST, request.userCode, request, keptUntil(request.expiresAt)),
    find: async (userCode) => (await state.get(REQUEST, userCode)) as DeviceRequest | undefined,
    decide: async ({ id, expiresAt }, decision) =>
      store.setIfAbsent(DECISION, id, JSON.stringify(decision), keptUntil(expiresAt)),
    decisionOn: async (id) => toDecision(await store.get(DECISION, id)),
    async polls(id, expiresAt) {
      const last = toPoll(await store.get(POLL, id));
      const now = Date.now();
      const isTooSoon = now - last.at < last.intervalMs - POLL_TOLERANCE_MS;
      const intervalMs = last.intervalMs + (isTooSoon ? POLL_INTERVAL_MS : 0);
      await store.set(POLL, id, `${now} ${intervalMs}`, expiresAt);
      return isTooSoon;
    },
  };
}

const keptUntil = (expiresAt: number): number => expiresAt + DEVICE_RETENTION_MS;

function toDecision(text: string | undefined): DeviceDecision | undefined {
  if (text === undefined) {
    return undefined;
  }
  const decision: unknown = JSON.parse(text);
  if (!isDecision(decision)) {
    throw codedError('ERR_LATCHKEY_STORE', 'The store returned something that is not a decision');
  }
  return decision;
}

const isDecision = (value: unknown): value is DeviceDecision =>
  isObject(value) && typeof value.by === 'string' && isObject(value.result);

interface Poll {
  /** When the device polled last, in milliseconds since the epoch. */
  readonly at: number;
  readonly intervalMs: number;
}

function toPoll(text: string | undefined): Poll {
  if (text === undefined) {
    return { at: -Infinity, intervalMs: POLL_INTERVAL_MS };
  }
  const [, at, intervalMs] = /^(\d+) (\d+)$/.exec(text) ?? [];
  if (at === undefined) {
    throw codedError('ERR_LATCHKEY_STORE', 'The store returned something that is not a poll');
  }
  return { at: Number(at), intervalMs: Number(intervalMs) };
}
