import type { Provider } from 'oidc-provider';

import { sendPage } from '../../pages/page';
import { startDeviceInteraction } from '../interaction/device-interaction';
import { findClient } from '../interaction/find-client';
import { DENIED } from '../interaction/finish';
import { redirect } from '../interaction/step';
import {
  type DeviceCodeProblem,
  renderDeviceCodePage,
  renderDeviceConfirmationPage,
  renderDeviceStoppedPage,
} from '../pages/device-pages';
import { viewOf } from '../pages/server-pages';
import { publishRefusal } from '../refusals';
import { clientAddress } from '../request/client-address';
import { RefusedPage } from '../request/refused-request';
import { readParameters } from '../request/request-body';
import { requestQuery } from '../request/request-query';
import { type Attempts, createAttempts } from './attempts';
import { type DeviceExchange, deviceFields, isOwnForm } from './device-form';
import type { DeviceRequest } from './device-requests';
import type { PageDevices } from './page-devices';
import { readUserCode, showUserCode } from './user-code';

export interface DeviceEndpointOptions {
  readonly provider: Provider;
  readonly devices: PageDevices;
  /** Path above the login and consent pages. */
  readonly interactionPath: string;
}

/** Responds to users who connect a device. */
export type VerifyDevice = (exchange: DeviceExchange) => Promise<void>;

const WINDOW_S = 600;

/**
 * How many wrong codes this instance looks up. With 1 000 in ten minutes, one code is guessed
 * within its lifetime with a probability of one in 25 million. One user cannot keep all others out.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-5.1
 */
const WRONG_CODES = { maxOfNetwork: 100, max: 1_000, windowMs: WINDOW_S * 1000 };

/** Why a code is refused, for the operator. */
const REASONS: Readonly<Record<DeviceCodeProblem, string>> = {
  expired: 'the user code has expired',
  failed: 'the form is not from our page, or the browser has lost its cookie',
  used: 'the request of the device was decided before',
  wrong: 'the user code is unknown',
};

/**
 * Creates the page on which users enter the code of a device, and confirm it. oidc-provider has one
 * that needs sessions and a script.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-3.3
 */
export function deviceEndpoint(options: DeviceEndpointOptions): VerifyDevice {
  const attempts = createAttempts(WRONG_CODES);
  return (exchange) => {
    const visit = { ...exchange, ...options, attempts };
    return exchange.req.method === 'POST' ? respondToForm(visit) : respondToLink(visit);
  };
}

interface Visit extends DeviceExchange, DeviceEndpointOptions {
  readonly attempts: Attempts;
}

async function respondToLink(visit: Visit): Promise<void> {
  const query = new URLSearchParams(requestQuery(visit.req));
  const typed = query.get('user_code');
  if (typed === null) {
    return showForm(visit, { problem: toProblem(query.get('problem')) });
  }
  // RFC 8628 §3.3.1: the user still compares the code of a link.
  const found = await findRequest(visit, typed);
  return typeof found === 'string' ? refuse(visit, typed, found) : showConfirmation(visit, found);
}

/** How the request of a device ended, as an interaction reports it. */
const toProblem = (value: string | null): DeviceCodeProblem | undefined =>
  (['expired', 'used'] as const).find((one) => one === value);

async function respondToForm(visit: Visit): Promise<void> {
  const { provider, req } = visit;
  const form = (await readParameters(req, {})) ?? new URLSearchParams();
  const typed = form.get('user_code') ?? '';
  if (!isOwnForm(provider, visit, form)) {
    return refuse(visit, typed, 'failed');
  }
  const found = await findRequest(visit, typed);
  if (typeof found === 'string') {
    return refuse(visit, typed, found);
  }
  if (form.has('abort')) {
    return abort(visit, found);
  }
  return form.has('confirm') ? start(visit, found) : showConfirmation(visit, found);
}

/** @throws {RefusedPage} if too many codes were wrong */
async function findRequest(
  visit: Visit,
  typed: string,
): Promise<DeviceRequest | DeviceCodeProblem> {
  const userCode = readUserCode(typed);
  const request = userCode && (await lookUp(visit, userCode));
  if (!request) {
    return 'wrong';
  }
  if (request.expiresAt <= Date.now()) {
    return 'expired';
  }
  return (await visit.devices.decisionOn(request.id)) ? 'used' : request;
}

async function lookUp(
  { req, devices, attempts }: Visit,
  userCode: string,
): Promise<DeviceRequest | undefined> {
  const forgive = attempts.begin(clientAddress(req));
  if (!forgive) {
    throw new RefusedPage('unavailable', {
      status: 429,
      headers: { 'Retry-After': String(WINDOW_S) },
      reason: 'too many user codes were wrong',
    });
  }
  const request = await devices.find(userCode).catch((error: unknown) => {
    forgive();
    throw error;
  });
  if (request) {
    forgive();
  }
  return request;
}

async function start(visit: Visit, request: DeviceRequest): Promise<void> {
  const { provider, interactionPath, providerReq, res } = visit;
  const place = { req: providerReq, res };
  redirect(res, await startDeviceInteraction(provider, request, interactionPath, place));
}

async function abort({ devices, res }: Visit, request: DeviceRequest): Promise<void> {
  const { error, error_description: errorDescription } = DENIED;
  await devices.decide(request, { by: '', result: { error, errorDescription } });
  sendPage(res, renderDeviceStoppedPage(viewOf(res)));
}

async function showConfirmation(
  visit: Visit,
  { clientId, userCode }: DeviceRequest,
): Promise<void> {
  const { provider, res, path: action } = visit;
  const { name: clientName } = await findClient(provider, clientId);
  const fields = deviceFields(provider, visit);
  const form = { action, fields, clientName, userCode: showUserCode(userCode) };
  sendPage(res, renderDeviceConfirmationPage(viewOf(res), form));
}

function refuse(visit: Visit, typed: string, problem: DeviceCodeProblem): void {
  publishRefusal({
    endpoint: 'deviceVerification',
    status: 400,
    error: 'invalid_request',
    reason: REASONS[problem],
    clientId: undefined,
    grantType: undefined,
    cause: undefined,
  });
  showForm(visit, { userCode: typed.slice(0, MAX_SHOWN_LENGTH), problem });
}

const MAX_SHOWN_LENGTH = 64;

function showForm(
  visit: Visit,
  form: { readonly userCode?: string; readonly problem: DeviceCodeProblem | undefined },
): void {
  const { provider, res, path: action } = visit;
  const fields = deviceFields(provider, visit);
  sendPage(res, renderDeviceCodePage(viewOf(res), { ...form, action, fields }));
}
