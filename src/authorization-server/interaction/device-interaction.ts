import { randomBytes } from 'node:crypto';

import type { Provider } from 'oidc-provider';

import { omitUndefined } from '../../internal/objects';
import { sendPage } from '../../pages/page';
import type { ConnectedDevice, DeviceRequest, RefusedDevice } from '../device/device-requests';
import {
  type DeviceCodeProblem,
  renderDeviceDonePage,
  renderDeviceStoppedPage,
} from '../pages/device-pages';
import { viewOf } from '../pages/server-pages';
import { isGranted, type Outcome } from './finish';
import { toPublicId } from './interaction-id';
import { type CookiePlace, saveInteraction, setInteractionCookies } from './provider-interaction';
import { redirect, type Step } from './step';

/** The parameter of an interaction that holds the user code. */
const USER_CODE = 'latchkey_user_code';

/**
 * Starts the login and consent of a user who has confirmed the code of a device.
 * @returns The path of the page to which the user is sent.
 */
export async function startDeviceInteraction(
  provider: Provider,
  { id, userCode, params }: DeviceRequest,
  interactionPath: string,
  place: CookiePlace,
): Promise<string> {
  const uid = randomBytes(32).toString('base64url');
  const path = `${interactionPath}/${toPublicId(uid)}`;
  const interaction = await saveInteraction(provider, uid, {
    returnTo: path,
    prompt: { name: 'login', reasons: [], details: {} },
    params: { ...params, [USER_CODE]: userCode },
    cid: randomBytes(32).toString('base64url'),
    deviceCode: id,
  });
  setInteractionCookies(provider, interaction, place, { interaction: path });
  return path;
}

/**
 * Stores what the user decided, unless the request was decided before. The page, which the user
 * loads next, says how it ended.
 */
export async function decideDevice(step: Step, outcome: Outcome): Promise<void> {
  const { devices, publicId, res, path } = step;
  const request = await findRequest(step);
  const isDecided =
    request !== undefined &&
    (await devices.decide(request, { by: publicId, result: toResult(step, outcome) }));
  if (!isDecided && isGranted(outcome)) {
    await outcome.grant.destroy();
  }
  redirect(res, path);
}

function toResult({ interaction }: Step, outcome: Outcome): ConnectedDevice | RefusedDevice {
  if (!isGranted(outcome)) {
    return { error: outcome.error, errorDescription: outcome.error_description };
  }
  const { login, grant, scopes } = outcome;
  return {
    accountId: login.accountId,
    authTime: login.ts,
    ...omitUndefined({ acr: login.acr }),
    grantId: grant.jti,
    scope: scopes.join(' '),
    resource: interaction.request.resource,
  };
}

/**
 * Responds to the user of a device whose request has ended.
 * @returns False if the user has still to decide, or came from a client instead of a device.
 */
export async function respondAtEnd(step: Step): Promise<boolean> {
  const { pending, devices, publicId, form, res, path, devicePath } = step;
  if (pending.deviceCode === undefined) {
    return false;
  }
  const decision = await devices.decisionOn(pending.deviceCode);
  if (decision?.by === publicId) {
    // The user reloads the page without posting the form again.
    return form ? go(res, path) : showEnd(step, decision.result);
  }
  if (decision) {
    return go(res, problemPath(devicePath, 'used'));
  }
  return (await findRequest(step)) ? false : go(res, problemPath(devicePath, 'expired'));
}

/** Finds the request that the user confirmed, unless it has expired. */
async function findRequest({ pending, devices }: Step): Promise<DeviceRequest | undefined> {
  const request = await devices.find(String(pending.params[USER_CODE]));
  return request && request.id === pending.deviceCode && request.expiresAt > Date.now()
    ? request
    : undefined;
}

const problemPath = (devicePath: string, problem: DeviceCodeProblem): string =>
  `${devicePath}?problem=${problem}`;

function go(...args: Parameters<typeof redirect>): true {
  redirect(...args);
  return true;
}

function showEnd({ res, interaction }: Step, result: ConnectedDevice | RefusedDevice): true {
  const view = viewOf(res);
  const page =
    'error' in result
      ? renderDeviceStoppedPage(view)
      : renderDeviceDonePage(view, interaction.client.name);
  sendPage(res, page);
  return true;
}
