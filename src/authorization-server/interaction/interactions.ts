import type { Interaction as ProviderInteraction, Provider } from 'oidc-provider';

import { setView } from '../pages/server-pages';
import { RefusedPage } from '../request/refused-request';
import { readParameters } from '../request/request-body';
import { toAuthorizationRequest } from './authorization-request';
import { allowedScopes } from './consent-result';
import { isCoveredBy, isIdentified } from './covered-request';
import { checkForm, csrfToken, isLoginFormSentTwice } from './csrf-token';
import { decideDevice, respondAtEnd } from './device-interaction';
import { findClient } from './find-client';
import { continueAtClient, DENIED, type Outcome } from './finish';
import type { Interaction } from './interaction';
import { toPublicId } from './interaction-id';
import { loginOf, type LoginResult, toLoginResult, toUser, unmetRequirement } from './login-result';
import { type InteractionCookies, renewInteraction } from './renew';
import { saveGrant } from './save-grant';
import { type InteractionExchange, type InteractionsOptions, redirect, type Step } from './step';

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
    if (await respondAtEnd(step)) {
      return;
    }
    const login = loginOf(pending);
    return login ? askForConsent(step, login) : askForLogin(step);
  };
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
  const { req, res, pending, interaction } = step;
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
  const grant = await saveGrant(step, login, allowed);
  return finish({ ...step, pending }, { login, grant, scopes: allowed });
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

/** Ends an interaction. */
const finish = (step: Step, outcome: Outcome): Promise<void> =>
  step.pending.deviceCode === undefined
    ? continueAtClient(step, outcome)
    : decideDevice(step, outcome);

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
  return {
    client: await findClient(provider, params.client_id as string),
    scopes: (params.scope as string).split(' ').map(describe),
    redirectUri: params.redirect_uri as string | undefined,
    request: toAuthorizationRequest(params),
    startedAt: pending.iat * 1000,
    csrfToken: csrfToken(pending),
    ...page,
  };
}
