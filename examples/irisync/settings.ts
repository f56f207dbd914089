// The pages where a user logs in, creates API keys and registers apps. The session is in a cookie.
import express, { type Request, type RequestHandler, type Response, Router } from 'express';
import {
  cookie,
  type CredentialStore,
  latchkey,
  type ManagedVerifier,
  sessionTokens,
} from 'latchkey';
import type { Clients } from 'latchkey/authorization-server';

import { markup, sendPage } from '../support/page';
import { authenticate } from '../support/users';

export interface SettingsOptions<Scope extends string> {
  readonly store: CredentialStore;
  readonly keys: ManagedVerifier;
  readonly environments: readonly string[];
  readonly clients: Clients<Scope>;
  readonly scopes: readonly Scope[];
}

export function settings<Scope extends string>({
  store,
  keys,
  environments,
  clients,
  scopes,
}: SettingsOptions<Scope>): Router {
  const sessions = sessionTokens({ prefix: 'irisession', store });
  // The CSRF rule ignores the cookie on requests from another site, so no other page can create
  // keys.
  const { check } = latchkey({ extractors: [cookie('session')], verifiers: [sessions] });

  const subjects = new WeakMap<Request, string>();
  const loggedIn: RequestHandler = async (req, res, next) => {
    const decision = await check(req);
    if (decision.status !== 'authenticated') {
      return res.redirect(303, '/login');
    }
    subjects.set(req, decision.principal.subject);
    next();
  };
  const subjectOf = (req: Request) => subjects.get(req) as string;
  const form = express.urlencoded({ extended: false });
  const chosenScopes = ({ body }: Request) =>
    scopes.filter((scope) => [body.permissions].flat().includes(scope));
  const scopeBoxes = () =>
    scopes.map(
      (scope) =>
        markup`<label><input type="checkbox" name="permissions" value="${scope}">${scope}</label>\n`,
    );

  const router = Router();
  const askWho = (res: Response, failed: boolean) =>
    sendPage(
      res.status(failed ? 403 : 200),
      'Log in to IriSync',
      markup`${failed ? markup`<p role="alert">Wrong name or password.</p>` : ''}
<form method="post">
<label>Name <input name="username" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label>
<button>Log in</button>
</form>`,
    );
  router.get('/login', (_req, res) => askWho(res, false));
  router.post('/login', form, async (req, res) => {
    const user = authenticate(req.body?.username, req.body?.password);
    if (!user) {
      return askWho(res, true);
    }
    const { secret } = await sessions.issue({ subject: user.subject, scopes: [] });
    res.cookie('session', secret, { httpOnly: true, sameSite: 'lax', secure: req.secure });
    res.redirect(303, '/settings/api-keys');
  });

  router.use(['/settings', '/developers'], loggedIn, form);
  router.get('/settings/api-keys', async (req, res) => {
    const held = await keys.list({ subject: subjectOf(req) });
    const rows = held.map(
      ({
        id,
        name,
        hint,
        environment,
        scopes: permissions,
        lastUsedAt,
        useCount,
        revokedAt,
      }) => markup`<tr>
<td>${name ?? ''}</td><td>${hint}…</td><td>${environment ?? ''}</td><td>${permissions.join(', ')}</td>
<td>${lastUsedAt === null ? 'never' : `${new Date(lastUsedAt).toISOString()}, ${useCount} times`}</td>
<td>${revokedAt === null ? markup`<form method="post" action="/settings/api-keys/${id}/revoke"><button>Revoke</button></form>` : 'revoked'}</td>
</tr>
`,
    );
    sendPage(
      res,
      'API keys',
      markup`<table>
<tr><th>Name</th><th>Key</th><th>Environment</th><th>Permissions</th><th>Last used</th><th></th></tr>
${rows}</table>
<form method="post">
<label>Name <input name="name" required></label>
<label>Environment <select name="environment">${environments.map((name) => markup`<option>${name}</option>`)}</select></label>
${scopeBoxes()}<button>Create New API Key</button>
</form>`,
    );
  });
  router.post('/settings/api-keys', async (req, res) => {
    const { name, environment } = req.body;
    const { secret } = await keys.issue({
      name,
      environment,
      subject: subjectOf(req),
      scopes: chosenScopes(req),
    });
    sendPage(
      res,
      'Your new API key',
      markup`<p>Copy it now, it will not be shown again: <code>${secret}</code></p>
<p><a href="/settings/api-keys">API keys</a></p>`,
    );
  });
  router.post('/settings/api-keys/:id/revoke', async (req, res) => {
    const id = String(req.params.id);
    if ((await keys.get(id))?.subject === subjectOf(req)) {
      await keys.revoke(id);
    }
    res.redirect(303, '/settings/api-keys');
  });

  router.get('/developers/apps', (_req, res) =>
    sendPage(
      res,
      'Register your application',
      markup`<form method="post">
<label>Name <input name="name" required></label>
<label>Redirect URI <input name="redirect_uri" type="url" required></label>
${scopeBoxes()}<button>Register</button>
</form>`,
    ),
  );
  router.post('/developers/apps', async (req, res) => {
    const { name, redirect_uri: redirectUri } = req.body;
    const { client, secret = '' } = await clients.register({
      name,
      redirectUris: [redirectUri],
      scopes: chosenScopes(req),
    });
    sendPage(
      res,
      client.name,
      markup`<p>Client ID: <code>${client.clientId}</code></p>
<p>Client Secret, which will not be shown again: <code>${secret}</code></p>`,
    );
  });

  // The user filled in the form, and the TypeError says which field is invalid.
  router.use(((error: unknown, _req, res, next) => {
    if (!(error instanceof TypeError)) {
      return next(error);
    }
    sendPage(res.status(400), 'This cannot be', markup`<p>${error.message}</p>`);
  }) satisfies express.ErrorRequestHandler);
  return router;
}
