import type { IncomingMessage } from 'node:http';

import * as z from 'zod';

import { checkOptions, functionOption, nonEmptyString } from '../../internal/options';
import type { Login, User } from '../interaction/interaction';
import { type Html, markup } from './markup';
import { csrfField, isolated, sendPage } from './page';

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
  /** @default 'Log in' */
  readonly title?: string;
}

const loginPageSchema = z.strictObject({
  authenticate: functionOption,
  title: nonEmptyString.optional(),
});

/**
 * Returns a `login` that shows a form for name and password. It works without JavaScript, and asks
 * at every authorization request.
 *
 * @param options
 * @returns A function for the option `login` of `authorizationServer()`.
 * @throws ERR_LATCHKEY_OPTION if an option is missing, unknown or of the wrong type
 * @example
 * loginPage({ authenticate: async (username, password) => users.verify(username, password) })
 */
export function loginPage(options: LoginPageOptions): Login {
  checkOptions('loginPage()', loginPageSchema, options);
  const { authenticate, title = 'Log in' } = options;

  return async (req, res, interaction) => {
    const { client, form, request } = interaction;
    const username = form?.get('username') ?? request.loginHint ?? '';
    if (form?.has('cancel')) {
      return null;
    }
    const user = form?.has('password')
      ? await authenticate(username, form.get('password') ?? '', req)
      : undefined;
    if (user) {
      return user;
    }
    const failed = form !== undefined;
    sendPage(res, {
      // Screen readers announce the title of a new page first.
      title: failed ? `Wrong name or password: ${title}` : title,
      heading: markup`${title}`,
      status: failed ? 403 : 200,
      endsAtClient: true,
      content: markup`${failed ? markup`<p role="alert" id="fault">Wrong name or password.</p>` : undefined}
<p>To go on to ${isolated(client.name)}</p>
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

const describedBy = (failed: boolean): Html | undefined =>
  failed ? markup`aria-invalid="true" aria-describedby="fault"` : undefined;
