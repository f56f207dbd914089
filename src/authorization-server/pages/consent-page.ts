import * as z from 'zod/mini';

import { booleanOption, checkOptions, isLoopback } from '../../internal/options';
import { type Html, isolated, markup } from '../../pages/markup';
import { csrfField, type Page, sendPage } from '../../pages/page';
import type { Client } from '../clients/client';
import type { Consent, Interaction, User } from '../interaction/interaction';
import { type ServerPageView, viewOf } from './server-pages';

/** Options of `consentPage()`. */
export interface ConsentPageOptions {
  /**
   * Skips the page if the user has given the same client consent to the same scopes before. It is
   * always shown for clients that cannot be identified, such as a public client with a private-use
   * scheme.
   * @default false
   */
  readonly remember?: boolean;
}

const optionsSchema = z.strictObject({ remember: z.optional(booleanOption) });

/**
 * Returns a `consent` that shows which app requests which scopes. It is shown at every
 * authorization
 * request, unless `remember` is set. The option `pages` of `authorizationServer()` sets its look,
 * language and texts.
 *
 * @param options `remember`: skips the page after the same consent.
 * @returns A function for the option `consent` of `authorizationServer()`.
 * @example
 * authorizationServer({ issuer, store, scopes, tokens, login, consent: consentPage() })
 */
export function consentPage(options: ConsentPageOptions = {}): Consent {
  const { remember = false } = checkOptions('consentPage()', optionsSchema, options);
  return async (_req, res, interaction) => {
    const decision = interaction.form?.get('decision');
    if (decision === 'allow') {
      return true;
    }
    if (decision === 'deny') {
      return false;
    }
    if (remember && (await interaction.isGranted?.())) {
      return true;
    }
    const view = viewOf(res);
    sendPage(res, view.render(consentForm(view, interaction)));
    return undefined;
  };
}

function consentForm(
  view: ServerPageView,
  interaction: Interaction & { readonly user: User },
): Page {
  const { client, scopes, user } = interaction;
  const app = isolated(client.name);
  return {
    title: view.plain('allowTitle', { app: client.name }),
    heading: view.html('allowTitle', { app: markup`<bdi>${client.name}</bdi>` }),
    endsAtClient: true,
    content: markup`<p class="quiet">${view.html('loggedInAs', { user: isolated(user.name ?? user.subject) })}</p>
${warning(view, client)}<p>${view.html('permissions', { app, count: scopes.length })}</p>
<ul>
${scopes.map(({ name, description }) => markup`<li>${description ?? name}</li>\n`)}</ul>
${goingBack(view, interaction.redirectUri)}<form method="post">
${csrfField(interaction)}
<div class="actions">
<button class="main" name="decision" value="allow">${view.html('allow')}</button>
<button name="decision" value="deny">${view.html('deny')}</button>
</div>
</form>`,
  };
}

/** Warns of a client that nobody has verified: its name may be that of another app. */
function warning(view: ServerPageView, { verified, host }: Client): Html | undefined {
  if (verified) {
    return undefined;
  }
  const explanation =
    host === undefined
      ? view.html('unverifiedApp')
      : view.html('unverifiedHost', { host: isolated(host) });
  return markup`<div class="note caution">
<strong>${view.html('unverified')}</strong>
<p>${explanation}</p>
</div>
`;
}

/** Names the place that the user is sent to: a host, or an app on the device. */
function goingBack(view: ServerPageView, redirectUri: string | undefined): Html | undefined {
  // The device flow has no redirect URI.
  if (redirectUri === undefined) {
    return undefined;
  }
  const { protocol, host } = new URL(redirectUri);
  const isWeb = /^https?:$/.test(protocol);
  const destination = markup`<strong>${isWeb ? host : protocol.slice(0, -1)}</strong>`;
  const key = isWeb && !isLoopback(redirectUri) ? 'goBackTo' : 'goBackToDevice';
  return markup`<p class="quiet">${view.html(key, { destination })}</p>\n`;
}
