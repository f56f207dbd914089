import type { Consent } from '../interaction/interaction';
import { markup } from './markup';
import { csrfField, isolated, sendPage } from './page';

/**
 * Returns a `consent` that shows which app asks for which scopes. It asks at every authorization
 * request.
 *
 * @returns A function for the option `consent` of `authorizationServer()`.
 * @example
 * authorizationServer({ issuer, store, scopes, tokens, login, consent: consentPage() })
 */
export function consentPage(): Consent {
  return (_req, res, interaction) => {
    const { client, form, redirectUri, scopes, user } = interaction;
    const decision = form?.get('decision');
    if (decision === 'allow') {
      return true;
    }
    if (decision === 'deny') {
      return false;
    }
    sendPage(res, {
      title: `Allow ${client.name}?`,
      heading: markup`Allow <bdi>${client.name}</bdi>?`,
      endsAtClient: true,
      content: markup`<p>You are logged in as ${isolated(user.name ?? user.subject)}. ${isolated(client.name)} asks to:</p>
<ul>
${scopes.map(({ name, description }) => markup`<li>${description ?? name}</li>\n`)}</ul>
<p>Then you go back to <strong>${destination(redirectUri)}</strong>.</p>
<form method="post">
${csrfField(interaction)}
<button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>`,
    });
    return undefined;
  };
}

/** Names the place that a user is sent to: a host, or the scheme of an app. */
function destination(uri: string): string {
  const { protocol, host } = new URL(uri);
  return /^https?:$/.test(protocol) ? host : protocol.slice(0, -1);
}
