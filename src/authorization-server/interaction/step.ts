import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Interaction as ProviderInteraction, Provider } from 'oidc-provider';

import type { ScopesOf } from '../audiences';
import type { PageDevices } from '../device/page-devices';
import type { Grant } from '../grant-records';
import type { ServerPages } from '../pages/server-pages';
import type { Consent, Interaction, Login, RequestedScope } from './interaction';

export interface InteractionsOptions {
  readonly provider: Provider;
  readonly login: Login;
  readonly consent: Consent;
  readonly describe: (scope: string) => RequestedScope;
  readonly pages: ServerPages;
  /** Returns the scopes that a token for an audience may have. */
  readonly scopesOf: ScopesOf;
  /** Returns what a user has granted. */
  readonly grantsOf: (subject: string) => Promise<readonly Grant[]>;
  /** Path of the authorization endpoint, where oidc-provider continues. */
  readonly authorizePath: string;
  readonly devices: PageDevices;
  /** Path of the page on which users enter the code of a device. */
  readonly devicePath: string;
}

/** One request for a page of an interaction. */
export interface InteractionExchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  /** The request without its body, for oidc-provider. */
  readonly providerReq: IncomingMessage;
  /** Path of the page. */
  readonly path: string;
  /** Last segment of the path. */
  readonly publicId: string;
}

/** One step of a user through an interaction. */
export interface Step extends InteractionsOptions, InteractionExchange {
  readonly pending: ProviderInteraction;
  readonly form: URLSearchParams | undefined;
  readonly interaction: Interaction;
}

/** Sends the user to another page. */
export const redirect = (res: ServerResponse, location: string): void =>
  void res.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();
