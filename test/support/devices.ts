import type { ClientOptions, RegisteredClient } from 'latchkey/authorization-server';

import { Browser, type Page } from './browser';
import { agree, type Answer, type Issuing, logIn, type Scope } from './issuing';

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';
export const DEVICE_CLIENT: ClientOptions<Scope> = {
  name: 'Living Room TV',
  scopes: ['domains:read', 'domains:write'],
  grantTypes: [DEVICE_CODE, 'refresh_token'],
  type: 'public',
};

/** A device that waits for its user. */
export interface Device extends RegisteredClient {
  readonly credentials: Readonly<Record<string, string>>;
  /** The response of the device authorization endpoint. */
  readonly body: Answer['body'];
  /** Asks for its tokens, at this server or another one. */
  readonly poll: (
    parameters?: Readonly<Record<string, string>>,
    machine?: Issuing,
  ) => Promise<Answer>;
  /** Enters the code on the page of the server, in a new browser: the page that follows. */
  readonly enter: (browser?: Browser, machine?: Issuing) => Promise<Page>;
  /** Goes the way of a user up to the consent page. */
  readonly reachConsent: (browser?: Browser, machine?: Issuing) => Promise<Page>;
  /** Goes the way of a user who agrees. */
  readonly connect: () => Promise<Page>;
}

export interface DeviceOptions {
  readonly client?: Partial<ClientOptions<Scope>>;
  readonly registered?: RegisteredClient;
  readonly parameters?: Readonly<Record<string, string>>;
}

export const confirm = (page: Page): Promise<Page> => page.submit({ confirm: 'yes' });

export const credentialsOf = ({ client, secret }: RegisteredClient) => ({
  client_id: client.clientId,
  ...(secret !== undefined && { client_secret: secret }),
});

/** Turns on a device: a client that shows a code. */
export async function startDevice(
  issuing: Issuing,
  { client = {}, registered, parameters = {} }: DeviceOptions = {},
): Promise<Device> {
  const known =
    registered ?? (await issuing.server.clients.register({ ...DEVICE_CLIENT, ...client }));
  const credentials = credentialsOf(known);
  const { body } = await issuing.post('/oauth/device_authorization', {
    ...credentials,
    ...parameters,
  });
  const page = (machine: Issuing) => `${machine.origin}/oauth/device`;
  const enter: Device['enter'] = async (browser = new Browser(), machine = issuing) =>
    (await browser.open(page(machine))).submit({ user_code: body.user_code as string });
  const reachConsent: Device['reachConsent'] = async (browser, machine) =>
    logIn(await confirm(await enter(browser, machine)));
  return {
    ...{ ...known, credentials, body, enter, reachConsent },
    poll: (more = {}, machine = issuing) =>
      machine.post('/oauth/token', {
        grant_type: DEVICE_CODE,
        device_code: body.device_code as string,
        ...credentials,
        ...more,
      }),
    connect: async () => agree(await reachConsent()),
  };
}
