// The login of a product, with a session in a cookie: what the management pages leave to the app.
import type { IncomingMessage } from 'node:http';

import express, { Router } from 'express';
import { cookie, type CredentialStore, latchkey, sessionTokens } from 'latchkey';

import { markup, sendPage } from './page';
import { authenticate } from './users';

export interface LoginOptions {
  readonly store: CredentialStore;
  /** The prefix of the session tokens. */
  readonly prefix: string;
  /** The path that the user sees after the login. */
  readonly home: string;
}

/** Returns the login page, and the user of a request. */
export function login({ store, prefix, home }: LoginOptions) {
  const sessions = sessionTokens({ prefix, store });
  // The CSRF rule ignores the cookie on requests from another site, so no other page can create
  // keys.
  const { check } = latchkey({ extractors: [cookie('session')], verifiers: [sessions] });

  const router = Router();
  router.get('/login', (_req, res) => sendPage(res, 'Log in', form(false)));
  router.post('/login', express.urlencoded({ extended: false }), async (req, res) => {
    const user = authenticate(req.body?.username, req.body?.password);
    if (!user) {
      return sendPage(res.status(403), 'Log in', form(true));
    }
    const { secret } = await sessions.issue({ subject: user.subject, scopes: [] });
    res.cookie('session', secret, { httpOnly: true, sameSite: 'lax', secure: req.secure });
    res.redirect(303, home);
  });
  const userOf = async (req: IncomingMessage): Promise<string | undefined> => {
    const decision = await check(req);
    // An outage is 503, and not the login.
    if (decision.status === 'refused' && decision.reason === 'unavailable') {
      throw new Error('The session cannot be verified');
    }
    return decision.status === 'authenticated' ? decision.principal.subject : undefined;
  };
  return { router, userOf };
}

const form = (
  failed: boolean,
) => markup`${failed ? markup`<p role="alert">Wrong name or password.</p>` : ''}
<form method="post">
<label>Name <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Log in</button>
</form>`;
