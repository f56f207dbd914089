import { omitUndefined } from '../../internal/objects';
import { type GrantContext, listGrants, revokeGrant } from '../grants';
import { confirmPage } from './confirm-page';
import { appName, connectedPage } from './connected-page';
import { notFoundPage } from './message-pages';
import type { PageRoute } from './page-route';
import type { Reply, Visit } from './visit';

async function showList(context: GrantContext, visit: Visit): Promise<Reply> {
  const after = visit.query.get('after') || undefined;
  const found = await listGrants(context, visit.account, omitUndefined({ after, limit: 50 }));
  return found.ok ? connectedPage(visit, found.value) : { location: `${visit.base}/connected` };
}

async function showRevoke(context: GrantContext, visit: Visit): Promise<Reply> {
  const { account, id, view, base } = visit;
  const grant = await context.grants.get(id);
  if (grant?.subject !== account.subject) {
    return notFoundPage(view, base);
  }
  const client = await context.clients?.get(grant.clientId);
  return confirmPage(visit, {
    title: 'disconnectTitle',
    intro: 'disconnectIntro',
    action: 'disconnect',
    name: appName(visit, { name: client?.name ?? null }),
    back: `${base}/connected`,
  });
}

async function submitRevoke(context: GrantContext, visit: Visit): Promise<Reply> {
  const outcome = await revokeGrant(context, visit.account, visit.id);
  return outcome.ok
    ? { location: `${visit.base}/connected?done` }
    : notFoundPage(visit.view, visit.base);
}

export const grantRoutes = (context: GrantContext): readonly PageRoute[] => [
  { path: '/connected', show: (visit) => showList(context, visit) },
  {
    path: '/connected/:id/revoke',
    show: (visit) => showRevoke(context, visit),
    submit: (visit) => submitRevoke(context, visit),
  },
];
