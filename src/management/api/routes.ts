import type { Account } from '../account';
import {
  createApp,
  type CreatedApp,
  getApp,
  hasApps,
  listApps,
  type ManagedApp,
  removeApp,
  rotateAppSecret,
  updateApp,
} from '../apps';
import { createKey } from '../create-key';
import type { Outcome } from '../faults';
import { hasGrants, listGrants, revokeGrant } from '../grants';
import type { CreatedKey, ManagedKey } from '../key-view';
import { disableKey, enableKey, getKey, keyUsage, listKeys, revokeKey, updateKey } from '../keys';
import type { ManagementContext } from '../options';
import { rotateKey } from '../rotate-key';
import { type ApiResponse, toResponse } from './response';

/** What an operation gets of a request. */
export interface Call {
  readonly account: Account;
  /** The ID in the path; '' where there is none. */
  readonly id: string;
  /** The query of a GET, or the body. */
  readonly input: unknown;
  /** The path that the API is mounted at. */
  readonly base: string;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Such as `/keys/:id/rotate`. */
  readonly path: string;
  /** Whether the response contains a secret, so that `Idempotency-Key` matters. */
  readonly creates?: true;
  readonly run: (call: Call) => Promise<ApiResponse>;
}

const NO_CONTENT: ApiResponse = { status: 204 };

/** The routes that the options enable. */
export const createRoutes = (context: ManagementContext): readonly Route[] => [
  ...keyRoutes(context),
  ...keyActionRoutes(context),
  ...appRoutes(context),
  ...grantRoutes(context),
];

const keyRoutes = (context: ManagementContext): readonly Route[] => [
  {
    method: 'GET',
    path: '/keys',
    run: async ({ account, input }) => toResponse(await listKeys(context, account, input), ok),
  },
  {
    method: 'POST',
    path: '/keys',
    creates: true,
    run: async ({ account, input, base }) =>
      keyCreated(await createKey(context, account, input), base),
  },
  {
    method: 'GET',
    path: '/keys/:id',
    run: async ({ account, id }) => keyResponse(await getKey(context, account, id)),
  },
  {
    method: 'PATCH',
    path: '/keys/:id',
    run: async ({ account, id, input }) =>
      keyResponse(await updateKey(context, account, id, input)),
  },
  {
    method: 'DELETE',
    path: '/keys/:id',
    run: async ({ account, id }) => removed(await revokeKey(context, account, id)),
  },
];

const keyActionRoutes = (context: ManagementContext): readonly Route[] => [
  {
    method: 'POST',
    path: '/keys/:id/rotate',
    creates: true,
    run: async ({ account, id, input, base }) =>
      keyCreated(await rotateKey(context, account, id, input), base),
  },
  {
    method: 'POST',
    path: '/keys/:id/disable',
    run: async ({ account, id }) => keyResponse(await disableKey(context, account, id)),
  },
  {
    method: 'POST',
    path: '/keys/:id/enable',
    run: async ({ account, id }) => keyResponse(await enableKey(context, account, id)),
  },
  {
    method: 'GET',
    path: '/keys/:id/usage',
    run: async ({ account, id, input }) =>
      toResponse(await keyUsage(context, account, id, input), (usage) => ok({ usage })),
  },
];

function appRoutes(context: ManagementContext): readonly Route[] {
  if (!hasApps(context)) {
    return [];
  }
  return [
    {
      method: 'GET',
      path: '/apps',
      run: async ({ account, input }) => toResponse(await listApps(context, account, input), ok),
    },
    {
      method: 'POST',
      path: '/apps',
      creates: true,
      run: async ({ account, input, base }) =>
        appCreated(await createApp(context, account, input), base),
    },
    {
      method: 'GET',
      path: '/apps/:id',
      run: async ({ account, id }) => appResponse(await getApp(context, account, id)),
    },
    {
      method: 'PATCH',
      path: '/apps/:id',
      run: async ({ account, id, input }) =>
        appResponse(await updateApp(context, account, id, input)),
    },
    {
      method: 'DELETE',
      path: '/apps/:id',
      run: async ({ account, id }) => removed(await removeApp(context, account, id)),
    },
    {
      method: 'POST',
      path: '/apps/:id/rotate',
      creates: true,
      run: async ({ account, id, input, base }) =>
        appCreated(await rotateAppSecret(context, account, id, input), base),
    },
  ];
}

function grantRoutes(context: ManagementContext): readonly Route[] {
  if (!hasGrants(context)) {
    return [];
  }
  return [
    {
      method: 'GET',
      path: '/grants',
      run: async ({ account, input }) => toResponse(await listGrants(context, account, input), ok),
    },
    {
      method: 'DELETE',
      path: '/grants/:id',
      run: async ({ account, id }) => removed(await revokeGrant(context, account, id)),
    },
  ];
}

const ok = (body: object): ApiResponse => ({ status: 200, body });

const created = (body: object, location: string): ApiResponse => ({
  status: 201,
  headers: { Location: location },
  body,
});

const keyResponse = (outcome: Outcome<ManagedKey>): ApiResponse =>
  toResponse(outcome, (key) => ok({ key }));

const keyCreated = (outcome: Outcome<CreatedKey>, base: string): ApiResponse =>
  toResponse(outcome, ({ secret, key }) => created({ secret, key }, `${base}/keys/${key.id}`));

const appResponse = (outcome: Outcome<ManagedApp>): ApiResponse =>
  toResponse(outcome, (app) => ok({ app }));

const appCreated = (outcome: Outcome<CreatedApp>, base: string): ApiResponse =>
  toResponse(outcome, ({ secret, app }) => created({ secret, app }, `${base}/apps/${app.id}`));

const removed = (outcome: Outcome<unknown>): ApiResponse => toResponse(outcome, () => NO_CONTENT);
