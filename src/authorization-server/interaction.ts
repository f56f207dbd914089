import { typeError } from '../internal/errors';
import { hash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Interaction as ProviderInteraction, InteractionResults, Provider } from 'oidc-provider';
import { isCrossSiteRequest } from '../extractors/csrf';
import { toClient } from './provider/client-metadata';
import { markup } from './markup';
import type { Consent, Interaction, Login, RequestedScope, User } from './login';
import { sendPage } from './page';
import { parametersOf, RefusedRequest } from './requests';

export interface InteractionsOptions {
  readonly provider: Provider;
  readonly login: Login;
  readonly consent: Consent;
  readonly describe: (scope: string) => RequestedScope;
  readonly audience: string;
  /** Path of the authorization endpoint, where the engine goes on. */
  readonly authorizePath: string;
}

export type Interact = (req: IncomingMessage, own: IncomingMessage, res: ServerResponse, uid: string, path: string) => Promise<void>;

/** What the engine keeps of a login until it goes on. */
type LoginResult = {
  readonly accountId: string;
  readonly ts?: number;
  readonly acr?: string;
  readonly name?: string;
};

/**
 * The way of a user: who is this, did they agree, and back to the engine with both. The cookie that the engine set names the
 * interaction, so another browser cannot take part in it, and a form must have the token that this page gave it.
 *
 * `own` is the request without its body, for the provider.
 */
export function interactions({ provider, login, consent, describe, audience, authorizePath }: InteractionsOptions): Interact {
  return async (req, own, res, uid, path) => {
    const details = await provider.interactionDetails(own, res).catch((error: unknown) => {
      if ((error as { error?: string }).error === 'invalid_request') return undefined;
      throw error;
    });
    if (details?.uid !== uid) throw new RefusedRequest('This page has expired, or belongs to another browser.');
    const providerClient = await provider.Client.find(details.params.client_id as string);
    if (!providerClient) throw new RefusedRequest('The app that sent you here is not known any more.');

    const client = toClient(providerClient);
    const form = req.method === 'POST' ? ((await parametersOf(req, {})) ?? new URLSearchParams()) : undefined;
    const csrfToken = csrfTokenOf(details);
    if (form && (isCrossSiteRequest(req) || !isSame(form.get('csrf_token'), csrfToken)))
      throw new RefusedRequest('This form was not sent from our page.');
    const interaction: Interaction = {
      client,
      scopes: (details.params.scope as string).split(' ').map(describe),
      redirectUri: details.params.redirect_uri as string,
      path,
      csrfToken,
      form,
    };

    const go = (location: string) => void res.writeHead(303, { Location: location, 'Cache-Control': 'no-store' }).end();
    const goOn = async (result: InteractionResults) => {
      await provider.interactionResult(own, res, result, { mergeWithLastSubmission: false });
      go(`${authorizePath}/${uid}`);
    };
    const denied = () => goOn({ error: 'access_denied', error_description: 'the user did not allow it' });

    let known = loginIn(details);
    if (!known) {
      const user = await login(req, res, interaction);
      if (user === undefined) return;
      if (user === null) return denied();
      known = loginResult(user);
      await provider.interactionResult(own, res, { login: known }, { mergeWithLastSubmission: false });
      // A form is not sent twice, and what it said to the login is not said to the consent.
      if (form) return go(path);
    }
    const agreed = await consent(req, res, { ...interaction, user: userOf(known) });
    if (agreed === undefined) return;
    const requested = interaction.scopes.map(({ name }) => name);
    const allowed = agreedOf(agreed, requested);
    if (allowed.length === 0) return denied();
    const grant = new provider.Grant({ accountId: known.accountId, clientId: client.clientId });
    grant.addResourceScope(audience, allowed);
    const others = requested.filter((scope) => !allowed.includes(scope));
    if (others.length > 0) grant.rejectResourceScope(audience, others);
    await goOn({ login: known, consent: { grantId: await grant.save() } });
  };
}

/** The page for a user whom we cannot serve at the moment. */
export function sendOutage(res: ServerResponse): void {
  res.setHeader('Retry-After', '1');
  sendPage(res, {
    title: 'Please try again',
    status: 503,
    content: markup`<p>We cannot answer at the moment. Load this page again in a while.</p>`,
  });
}

/** The page for a user whose request is refused. */
export const sendRefusedPage = (res: ServerResponse, { message: why, status }: RefusedRequest): void =>
  sendPage(res, {
    title: 'This did not work',
    status,
    content: markup`<p>${why}</p>
<p>Go back to the app that sent you here, and begin again.</p>`,
  });

/** Of a value that is in the store alone, so that it follows from nothing that the browser has. */
const csrfTokenOf = ({ cid }: ProviderInteraction): string => hash('sha256', `csrf ${cid}`, 'base64url');

const isSame = (given: string | null, expected: string): boolean =>
  given?.length === expected.length && timingSafeEqual(Buffer.from(given), Buffer.from(expected));

const loginIn = ({ result, lastSubmission }: ProviderInteraction): LoginResult | undefined =>
  (result?.login ?? lastSubmission?.login) as LoginResult | undefined;

function loginResult({ subject, name, authTime = Date.now(), acr }: User): LoginResult {
  if (typeof subject !== 'string' || subject === '')
    throw typeError('ERR_LATCHKEY_ARGUMENT', 'authorizationServer(): login must give a user with a subject');
  return { accountId: subject, ts: Math.floor(authTime / 1000), ...(acr !== undefined && { acr }), ...(name !== undefined && { name }) };
}

/** What was agreed to of what was requested. */
function agreedOf(agreed: boolean | readonly string[], requested: string[]): string[] {
  if (typeof agreed === 'boolean') return agreed ? requested : [];
  if (!Array.isArray(agreed) || !agreed.every((scope) => typeof scope === 'string'))
    throw typeError('ERR_LATCHKEY_ARGUMENT', 'authorizationServer(): consent must give true, false or a list of scopes');
  return requested.filter((scope) => agreed.includes(scope));
}

const userOf = ({ accountId, name, acr }: LoginResult): User => ({
  subject: accountId,
  ...(name !== undefined && { name }),
  ...(acr !== undefined && { acr }),
});
