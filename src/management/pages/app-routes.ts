import { omitUndefined } from '../../internal/objects';
import {
  type AppContext,
  createApp,
  type CreatedApp,
  getApp,
  listApps,
  type ManagedApp,
  removeApp,
  rotateAppSecret,
  updateApp,
} from '../apps';
import { appFormPage, appListPage, appPage, readAppForm, readNewAppForm } from './app-pages';
import { confirmPage } from './confirm-page';
import { notFoundPage } from './message-pages';
import type { PageRoute } from './page-route';
import { rotatePage } from './rotate-page';
import { secretPage } from './secret-page';
import { type Problem, type Reply, toProblem, type Visit } from './visit';

const pathOf = ({ base }: Visit, { id }: Pick<ManagedApp, 'id'>): string =>
  `${base}/apps/${encodeURIComponent(id)}`;

async function showList(context: AppContext, visit: Visit): Promise<Reply> {
  const after = visit.query.get('after') || undefined;
  const found = await listApps(context, visit.account, omitUndefined({ after, limit: 50 }));
  return found.ok ? appListPage(visit, found.value) : { location: `${visit.base}/apps` };
}

/** Reads the app of a page, or shows that it does not exist. */
async function withApp(
  context: AppContext,
  visit: Visit,
  render: (app: ManagedApp) => Reply,
): Promise<Reply> {
  const found = await getApp(context, visit.account, visit.id);
  return found.ok ? render(found.value) : notFoundPage(visit.view, visit.base);
}

function showCreated(visit: Visit, { secret, app }: CreatedApp, overlapMs?: number): Reply {
  return secretPage(visit, {
    title: 'appReady',
    label: 'clientSecret',
    clientId: app.id,
    secret,
    overlapMs,
    back: pathOf(visit, app),
  });
}

async function submitNew(context: AppContext, visit: Visit): Promise<Reply> {
  const outcome = await createApp(context, visit.account, readNewAppForm(visit.form));
  return outcome.ok
    ? showCreated(visit, outcome.value)
    : appFormPage(visit, toProblem(visit, outcome.fault));
}

async function submitSettings(context: AppContext, visit: Visit): Promise<Reply> {
  const { account, id, form } = visit;
  const outcome = await updateApp(context, account, id, readAppForm(form));
  if (outcome.ok) {
    return { location: `${pathOf(visit, outcome.value)}?done` };
  }
  const problem = toProblem(visit, outcome.fault);
  return withApp(context, visit, (app) => appPage(visit, app, problem));
}

const showRotate = (context: AppContext, visit: Visit, problem?: Problem): Promise<Reply> =>
  withApp(context, visit, (app) =>
    rotatePage(visit, { name: app.name, back: pathOf(visit, app) }, problem),
  );

async function submitRotate(context: AppContext, visit: Visit): Promise<Reply> {
  const { account, id, form } = visit;
  const overlapMs = form.get('overlapMs') ?? '';
  const outcome = await rotateAppSecret(context, account, id, { overlapMs });
  return outcome.ok
    ? showCreated(visit, outcome.value, Number(overlapMs))
    : showRotate(context, visit, toProblem(visit, outcome.fault));
}

const showDelete = (context: AppContext, visit: Visit): Promise<Reply> =>
  withApp(context, visit, (app) =>
    confirmPage(visit, {
      title: 'deleteTitle',
      intro: 'deleteIntro',
      action: 'deleteApp',
      name: app.name,
      back: pathOf(visit, app),
    }),
  );

async function submitDelete(context: AppContext, visit: Visit): Promise<Reply> {
  const outcome = await removeApp(context, visit.account, visit.id);
  return outcome.ok
    ? { location: `${visit.base}/apps?done` }
    : notFoundPage(visit.view, visit.base);
}

export const appRoutes = (context: AppContext): readonly PageRoute[] => [
  { path: '/apps', show: (visit) => showList(context, visit) },
  {
    path: '/apps/new',
    show: async (visit) => appFormPage(visit),
    submit: (visit) => submitNew(context, visit),
    creates: true,
    retry: appFormPage,
  },
  {
    path: '/apps/:id',
    show: (visit) => withApp(context, visit, (app) => appPage(visit, app)),
    submit: (visit) => submitSettings(context, visit),
  },
  {
    path: '/apps/:id/rotate',
    show: (visit) => showRotate(context, visit),
    submit: (visit) => submitRotate(context, visit),
    creates: true,
  },
  {
    path: '/apps/:id/delete',
    show: (visit) => showDelete(context, visit),
    submit: (visit) => submitDelete(context, visit),
  },
];
