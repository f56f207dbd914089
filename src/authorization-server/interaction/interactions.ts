import type { IncomingMessage, ServerResponse } from 'node:http';

import type {
  Interaction as ProviderInteraction,
  InteractionResults,
  Provider,
} from 'oidc-provider';

import type { ScopesOf } from '../audiences';
import type { Client } from '../clients/client';
import type { Grant } from '../grant-records';
import { type ServerPages, setView } from '../pages/server-pages';
import { toClient } from '../provider/client-metadata';
import { RefusedPage } from '../request/refused-request';
import { readParameters } from '../request/request-body';
import { toAuthorizationRequest } from './authorization-request';
import { allowedScopes } from './consent-result';
import { isCoveredBy, isIdentified } from './covered-request';
import { checkForm, csrfToken, isLoginFormSentTwice } from './csrf-token';
import type { Consent, Interaction, Login, RequestedScope } from './interaction';
import { toPublicId } from './interaction-id';
import { loginOf, type LoginResult, toLoginResult, toUser, unmetRequirement } from './login-result';
import { type InteractionCookies, renewInteraction } from './renew';

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

export type Interact = (exchange: InteractionExchange) => Promise<void>;

/**
 * Leads a user through login and consent, and back to oidc-provider. A cookie binds the interaction
 * to one browser, and each form must have the token of the page that it is on.
 */
export function interactions(options: InteractionsOptions): Interact {
  return async (exchange) => {
    const { req, res, path } = exchange;
    const pending = await findInteraction(options.provider, exchange);
    const form =
      req.method === 'POST'
        ? ((await readParameters(req, {})) ?? new URLSearchParams())
        : undefined;
    if (form && isLoginFormSentTwice(form, pending)) {
      return redirect(res, path);
    }
    checkForm(req, form, pending);
    const interaction = await toInteraction(options, pending, { path, form });
    setView(res, options.pages.view(req, interaction.request.uiLocales));
    const step = { ...exchange, ...options, pending, form, interaction };
    const login = loginOf(pending);
    return login ? askForConsent(step, login) : askForLogin(step);
  };
}

interface Step extends InteractionsOptions, InteractionExchange {
  readonly pending: ProviderInteraction;
  readonly form: URLSearchParams | undefined;
  readonly interaction: Interaction;
}

async function askForLogin(step: Step): Promise<void> {
  const { provider, req, res, path, pending, form, interaction } = step;
  const user = await step.login(req, res, interaction);
  if (user === undefined) {
    return;
  }
  if (user === null) {
    return finish(step, DENIED);
  }
  const login = toLoginResult(user);
  const unmet = unmetRequirement(interaction, login);
  if (unmet !== undefined) {
    return finish(step, {
      error: unmet,
      error_description: 'the login is not what the client requested',
    });
  }

  const renewed = await renewInteraction(provider, pending, login, cookies(step));
  // The user reloads the consent page without posting the login form again.
  if (form) {
    return redirect(res, path);
  }
  return askForConsent(
    { ...step, pending: renewed, interaction: { ...interaction, csrfToken: csrfToken(renewed) } },
    login,
  );
}

async function askForConsent(step: Step, login: LoginResult): Promise<void> {
  const { provider, req, res, pending, interaction } = step;
  const isGranted = () => isCovered(step, login.accountId);
  const agreed =
    isOwnApp(interaction) ||
    (await step.consent(req, res, { ...interaction, user: toUser(login), isGranted }));
  if (agreed === undefined) {
    return;
  }
  const requested = interaction.scopes.map(({ name }) => name);
  const allowed = allowedScopes(agreed, requested);
  if (allowed.length === 0) {
    return finish(step, DENIED);
  }
  const rejected = requested.filter((scope) => !allowed.includes(scope));
  const grant = new provider.Grant({
    accountId: login.accountId,
    clientId: interaction.client.clientId,
  });
  for (const resource of interaction.request.resource) {
    const known = step.scopesOf(resource);
    addScopes(grant, resource, {
      allowed: allowed.filter((scope) => known.includes(scope)),
      rejected: rejected.filter((scope) => known.includes(scope)),
    });
  }
  return finish({ ...step, pending }, { login, consent: { grantId: await grant.save() } });
}

/** Adds the scopes of one resource to a grant. */
function addScopes(
  grant: InstanceType<Provider['Grant']>,
  resource: string,
  { allowed, rejected }: Readonly<Record<'allowed' | 'rejected', readonly string[]>>,
): void {
  if (allowed.length > 0) {
    grant.addResourceScope(resource, [...allowed]);
  }
  if (rejected.length > 0) {
    grant.rejectResourceScope(resource, [...rejected]);
  }
}

/** Whether the client is certainly the operator's own app, whose users see no consent page. */
const isOwnApp = ({ client, request, redirectUri }: Interaction): boolean =>
  client.firstParty && isIdentified(client, redirectUri) && !request.prompt.includes('consent');

/** Whether the user has granted this before. If that is not known, the consent page is shown. */
const isCovered = ({ interaction, grantsOf }: Step, subject: string): Promise<boolean> =>
  grantsOf(subject).then(
    (grants) => isCoveredBy(interaction, grants),
    () => false,
  );

const DENIED: InteractionResults = {
  error: 'access_denied',
  error_description: 'the user did not allow it',
};

/**
 * Stores the result and sends the user to the authorization endpoint, where oidc-provider
 * continues.
 */
async function finish(
  { pending, res, authorizePath, publicId }: Step,
  result: InteractionResults,
): Promise<void> {
  pending.result = result;
  await pending.persist();
  redirect(res, `${authorizePath}/${publicId}`);
}

const redirect = (res: ServerResponse, location: string): void =>
  void res.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();

const cookies = ({
  path,
  authorizePath,
  publicId,
  providerReq,
  res,
}: Step): InteractionCookies => ({
  pagePath: path,
  resumePath: `${authorizePath}/${publicId}`,
  req: providerReq,
  res,
});

async function findInteraction(
  provider: Provider,
  { providerReq, res, publicId }: InteractionExchange,
): Promise<ProviderInteraction> {
  const pending = await provider.interactionDetails(providerReq, res).catch((error: unknown) => {
    if ((error as { error?: string }).error === 'invalid_request') {
      return undefined;
    }
    throw error;
  });
  if (!pending || toPublicId(pending.uid) !== publicId) {
    throw new RefusedPage('expired');
  }
  return pending;
}

async function toInteraction(
  { provider, describe }: InteractionsOptions,
  pending: ProviderInteraction,
  page: Pick<Interaction, 'path' | 'form'>,
): Promise<Interaction> {
  const { params } = pending;
  const providerClient = await provider.Client.find(params.client_id as string);
  if (!providerClient) {
    throw new RefusedPage('removedApp');
  }
  const client: Client = toClient(providerClient);
  return {
    client,
    scopes: (params.scope as string).split(' ').map(describe),
    redirectUri: params.redirect_uri as string,
    request: toAuthorizationRequest(params),
    startedAt: pending.iat * 1000,
    csrfToken: csrfToken(pending),
    ...page,
  };
}
