import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { consentPage, type Interaction, loginPage, type User } from 'latchkey/authorization-server';

import {
  renderDeviceCodePage,
  renderDeviceConfirmationPage,
  renderDeviceDonePage,
  renderDeviceStoppedPage,
} from '../../src/authorization-server/pages/device-pages';
import {
  renderErrorPage,
  sendOutagePage,
  sendRefusedPage,
} from '../../src/authorization-server/pages/message-pages';
import {
  createServerPages,
  type ServerPageView,
  setView,
} from '../../src/authorization-server/pages/server-pages';
import type { MessageKey } from '../../src/authorization-server/pages/texts/texts';
import { RefusedRequest } from '../../src/authorization-server/request/refused-request';
import { sendPage } from '../../src/pages/page';

type Options = NonNullable<Parameters<typeof createServerPages>[0]>;
type Show = (
  exchange: { req: IncomingMessage; res: ServerResponse; view: ServerPageView },
  name: string,
) => unknown;

const FORM = { action: '/device', fields: { csrf_token: 'token' } };
const CODE = 'WDJB-MJHT';

const interaction = (name: string, changes: object = {}): Interaction & { user: User } =>
  ({
    client: { clientId: 'app', name },
    scopes: [
      { name: 'domains:read', description: 'View domains' },
      { name: 'domains:write', description: 'Manage domains and their DNS records' },
    ],
    redirectUri: 'https://app.example/callback',
    request: {},
    csrfToken: 'token',
    user: { subject: 'acct_42', name: 'Ada Lovelace' },
    ...changes,
  }) as unknown as Interaction & { user: User };
const logIn = loginPage({ authenticate: () => undefined });
const wrong = new URLSearchParams({ username: 'ada', password: 'wrong' });
const unverified = (name: string, client: object = {}) =>
  interaction(name, { client: { clientId: 'app', name, verified: false, ...client } });
const message =
  (text: MessageKey): Show =>
  ({ res }) =>
    sendRefusedPage(res, Object.assign(new RefusedRequest('refused'), { text }));
const providerError =
  (error: string): Show =>
  ({ res }) => {
    const set = (headers: object) =>
      Object.entries(headers).forEach(([name, value]) => res.setHeader(name, value as string));
    const ctx = { res, status: 400, set, body: '' };
    renderErrorPage(ctx as never, { error, error_description: 'missing required parameter' });
    res.statusCode = ctx.status;
    res.end(ctx.body);
  };

/** Every page of the authorization server, with the name of a client. */
export const SERVER_PAGES: Readonly<Record<string, Show>> = {
  login: ({ req, res }, name) => logIn(req, res, interaction(name)),
  'login after a wrong password': ({ req, res }, name) =>
    logIn(req, res, interaction(name, { form: wrong })),
  consent: ({ req, res }, name) => consentPage()(req, res, interaction(name)),
  'consent to a client with a metadata document': ({ req, res }, name) =>
    consentPage()(req, res, unverified(name, { host: 'client.example.com' })),
  'consent to a client that registered itself': ({ req, res }, name) =>
    consentPage()(req, res, { ...unverified(name), redirectUri: 'cursor://app/callback' }),
  'an expired page': message('expired'),
  'an unknown client': providerError('invalid_client'),
  'an invalid request': providerError('invalid_request'),
  'an outage': ({ res }) => sendOutagePage(res),
  'the code of a device': ({ res, view }) => sendPage(res, renderDeviceCodePage(view, FORM)),
  'a wrong code of a device': ({ res, view }) =>
    sendPage(res, renderDeviceCodePage(view, { ...FORM, userCode: 'WDJB-MJHX', problem: 'wrong' })),
  'the confirmation of a device': ({ res, view }, name) =>
    sendPage(
      res,
      renderDeviceConfirmationPage(view, { ...FORM, clientName: name, userCode: CODE }),
    ),
  'a connected device': ({ res, view }, name) => sendPage(res, renderDeviceDonePage(view, name)),
  'a device that was not connected': ({ res, view }) =>
    sendPage(res, renderDeviceStoppedPage(view)),
};

const LOGO =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><rect width="40" height="40"/></svg>';

export interface ServedPages {
  readonly origin: string;
  /** The address of a page. */
  readonly url: (page: string, language?: string, clientName?: string) => string;
  readonly close: () => Promise<void>;
}

/** Serves every page of the authorization server, without a server behind it. */
export async function servePages(options: Options = {}): Promise<ServedPages> {
  const pages = createServerPages(options);
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url ?? '', 'http://localhost');
    if (pathname === '/logo.svg') {
      return void res.setHeader('Content-Type', 'image/svg+xml').end(LOGO);
    }
    const show = SERVER_PAGES[searchParams.get('page') ?? ''];
    if (!show) {
      return void res.writeHead(404).end();
    }
    const view = pages.view(req, [searchParams.get('language') ?? '']);
    setView(res, view);
    void show({ req, res, view }, searchParams.get('name') ?? 'Domain Watch');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    url: (page, language = '', name = 'Domain Watch') =>
      `${origin}/?${new URLSearchParams({ page, language, name }).toString()}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
