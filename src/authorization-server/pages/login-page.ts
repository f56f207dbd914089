import type { IncomingMessage } from 'node:http';

import * as z from 'zod/mini';

import { checkOptions, functionOption, nonEmptyString } from '../../internal/options';
import { type Html, isolated, markup } from '../../pages/markup';
import { alert, csrfField, type Page, sendPage } from '../../pages/page';
import type { Interaction, Login, User } from '../interaction/interaction';
import { type ServerPageView, viewOf } from './server-pages';

/** Options of `loginPage()`. */
export interface LoginPageOptions {
  /**
   * Verifies a user's name and password. Returns undefined if they are wrong. Limit the number of
   * attempts here.
   */
  readonly authenticate: (
    username: string,
    password: string,
    req: IncomingMessage,
  ) => User | undefined | Promise<User | undefined>;
  /**
   * The title of the page.
   * @default 'Log in', in the language of the page
   */
  readonly title?: string;
}

const loginPageSchema = z.strictObject({
  authenticate: functionOption,
  title: z.optional(nonEmptyString),
});

/**
 * Returns a `login` that shows a form for name and password. It works without JavaScript, and is
 * shown at every authorization request. The option `pages` of `authorizationServer()` sets its
 * look,
 * language and texts.
 *
 * @param options How users are authenticated, and the title.
 * @returns A function for the option `login` of `authorizationServer()`.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if an option is missing, unknown or of the wrong type
 * @example
 * loginPage({ authenticate: async (username, password) => users.verify(username, password) })
 */
export function loginPage(options: LoginPageOptions): Login {
  checkOptions('loginPage()', loginPageSchema, options);
  const { authenticate, title } = options;

  return async (req, res, interaction) => {
    const { form } = interaction;
    if (form?.has('cancel')) {
      return null;
    }
    const user = form?.has('password')
      ? await authenticate(form.get('username') ?? '', form.get('password') ?? '', req)
      : undefined;
    if (user) {
      return user;
    }
    const view = viewOf(res);
    sendPage(res, view.render(loginForm(view, interaction, title ?? view.plain('logIn'))));
    return undefined;
  };
}

function loginForm(view: ServerPageView, interaction: Interaction, title: string): Page {
  const { client, form, request } = interaction;
  const failed = form !== undefined;
  const username = form?.get('username') ?? request.loginHint ?? '';
  return {
    // Screen readers announce the title of a new page first.
    title: failed ? view.plain('wrongPasswordTitle', { title }) : title,
    heading: markup`${title}`,
    status: failed ? 403 : 200,
    endsAtClient: true,
    content: markup`<p class="quiet">${view.html('continueTo', { app: isolated(client.name) })}</p>
${failed ? alert(view.html('wrongPassword')) : undefined}<form method="post">
${csrfField(interaction)}
<label for="username">${view.html('username')}</label>
<input id="username" name="username" value="${username}" autocomplete="username" autocapitalize="none" spellcheck="false" required${describedBy(failed)}>
<label for="password">${view.html('password')}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required${describedBy(failed)}>
<div class="actions stacked">
<button class="main">${view.html('logInButton')}</button>
<button name="cancel" value="yes" formnovalidate>${view.html('cancel')}</button>
</div>
</form>`,
  };
}

const describedBy = (failed: boolean): Html | undefined =>
  failed ? markup` aria-invalid="true" aria-describedby="fault"` : undefined;
