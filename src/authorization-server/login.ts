import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { functionOption, nonEmptyString, checkOptions } from '../internal/options';
import type { Client } from './clients';
import { markup, type Html } from './markup';
import { sendPage } from './page';

/** Who logged in. */
export interface User {
  /** `sub` of the tokens. */
  readonly subject: string;
  /** What the consent page calls them. */
  readonly name?: string;
  /** When they logged in, milliseconds since the epoch; now by default. */
  readonly authTime?: number;
  /** How (`acr`, RFC 9470). */
  readonly acr?: string;
}

export interface RequestedScope {
  readonly name: string;
  readonly description: string | undefined;
}

/** An authorization request (RFC 6749 §4.1.1) that waits for a user. */
export interface Interaction {
  readonly client: Client;
  /** Requested, and the client may have them. */
  readonly scopes: readonly RequestedScope[];
  readonly redirectUri: string;
  /** Path of this very page: its forms are posted here, and a login of your own sends the user back here. */
  readonly path: string;
  /** Value of the hidden field `csrf_token`, which every form that is posted here must have. */
  readonly csrfToken: string;
  /** What was posted here; undefined for GET. */
  readonly form: URLSearchParams | undefined;
}

/**
 * Who is this? The user; null if they gave up; undefined where it has answered the request itself, with a page or a redirect.
 */
export type Login = (
  req: IncomingMessage,
  res: ServerResponse,
  interaction: Interaction,
) => User | null | undefined | Promise<User | null | undefined>;

/**
 * Did they agree? The scopes that they agreed to, or true for all; false for none; undefined where it has answered the request itself.
 */
export type Consent = (
  req: IncomingMessage,
  res: ServerResponse,
  interaction: Interaction & { readonly user: User },
) => readonly string[] | boolean | undefined | Promise<readonly string[] | boolean | undefined>;

export interface LoginPageOptions {
  /** CredentialOwner name and password these are; undefined if they are nobody's. */
  readonly authenticate: (username: string, password: string, req: IncomingMessage) => User | undefined | Promise<User | undefined>;
  /** `'Log in'` by default. */
  readonly title?: string;
}

const loginPageSchema = z.strictObject({ authenticate: functionOption, title: nonEmptyString.optional() });

/**
 * A plain page that asks for name and password. How often one may try is for `authenticate` to say.
 * @throws TypeError for a wrong or misspelt option
 */
export function loginPage(options: LoginPageOptions): Login {
  checkOptions('loginPage()', loginPageSchema, options);
  const { authenticate, title = 'Log in' } = options;

  return async (req, res, interaction) => {
    const { client, form, redirectUri } = interaction;
    const username = form?.get('username') ?? '';
    if (form?.has('cancel')) return null;
    const user = form?.has('password') ? await authenticate(username, form.get('password') ?? '', req) : undefined;
    if (user) return user;
    const failed = form !== undefined;
    sendPage(res, {
      title,
      status: failed ? 403 : 200,
      leadsTo: redirectUri,
      content: markup`${failed ? markup`<p role="alert" id="fault">Wrong name or password.</p>` : undefined}
<p>To go on to ${nameOf(client.name)}</p>
<form method="post">
${csrfField(interaction)}
<label for="username">Name</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required ${describedBy(failed)}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required ${describedBy(failed)}>
<button class="main">Log in</button>
<button name="cancel" value="yes" formnovalidate>Cancel</button>
</form>`,
    });
    return undefined;
  };
}

const describedBy = (failed: boolean): Html | undefined => (failed ? markup`aria-invalid="true" aria-describedby="fault"` : undefined);

/** A plain page that shows who asks for what, and asks every time. */
export function consentPage(): Consent {
  return (_req, res, interaction) => {
    const { client, form, redirectUri, scopes, user } = interaction;
    const decision = form?.get('decision');
    if (decision === 'allow') return true;
    if (decision === 'deny') return false;
    sendPage(res, {
      title: `Allow ${client.name}?`,
      heading: markup`Allow <bdi>${client.name}</bdi>?`,
      leadsTo: redirectUri,
      content: markup`<p>You are logged in as ${nameOf(user.name ?? user.subject)}. ${nameOf(client.name)} asks to:</p>
<ul>
${scopes.map(({ name, description }) => markup`<li>${description ?? name}</li>\n`)}</ul>
<p>Then you go back to <strong>${placeOf(redirectUri)}</strong>.</p>
<form method="post">
${csrfField(interaction)}
<button class="main" name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Deny</button>
</form>`,
    });
    return undefined;
  };
}

/** A name may turn the direction of writing, of itself alone. */
const nameOf = (name: string): Html => markup`<bdi><strong>${name}</strong></bdi>`;

const csrfField = ({ csrfToken }: Interaction): Html => markup`<input type="hidden" name="csrf_token" value="${csrfToken}">`;

/** What a user can know a place by: its host, or the app's own scheme. */
function placeOf(uri: string): string {
  const { protocol, host } = new URL(uri);
  return /^https?:$/.test(protocol) ? host : protocol.slice(0, -1);
}
