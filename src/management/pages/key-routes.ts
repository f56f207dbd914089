import { omitUndefined } from '../../internal/objects';
import { createKey } from '../create-key';
import type { Outcome } from '../faults';
import type { CreatedKey, ManagedKey } from '../key-view';
import { disableKey, enableKey, getKey, keyUsage, listKeys, revokeKey, updateKey } from '../keys';
import { rotateKey } from '../rotate-key';
import { confirmPage } from './confirm-page';
import { days, isExpiringSoon } from './format';
import { keyFormPage, readKeyForm } from './key-form-page';
import { keyListPage, keyName } from './key-list-page';
import { keyPage } from './key-page';
import { notFoundPage } from './message-pages';
import type { PageRoute } from './page-route';
import { rotatePage } from './rotate-page';
import { secretPage } from './secret-page';
import { type Problem, type Reply, toProblem, type Visit } from './visit';

const toKeys = async ({ base }: Visit): Promise<Reply> => ({ location: `${base}/keys` });

const PAGE_SIZE = 50;

async function showList(visit: Visit): Promise<Reply> {
  const { context, account, query, base } = visit;
  const filter = omitUndefined({
    name: query.get('name')?.trim() || undefined,
    status: query.get('status') || undefined,
    after: query.get('after') || undefined,
  });
  const found = await listKeys(context, account, { ...filter, limit: PAGE_SIZE });
  if (!found.ok) {
    return { location: `${base}/keys` };
  }
  const soon = { status: 'active', expiresBefore: Date.now() + days(14), limit: PAGE_SIZE };
  const expiring = await listKeys(context, account, soon);
  const keys = expiring.ok ? expiring.value.keys : [];
  return keyListPage(
    visit,
    found.value,
    keys.filter((key) => isExpiringSoon(key, Date.now())),
  );
}

/** Reads the key of a page, or shows that it does not exist. */
async function withKey(
  visit: Visit,
  render: (key: ManagedKey) => Reply | Promise<Reply>,
): Promise<Reply> {
  const { context, account, id, view, base } = visit;
  const found = await getKey(context, account, id);
  return found.ok ? render(found.value) : notFoundPage(view, base);
}

const showKey = (visit: Visit, problem?: Problem): Promise<Reply> =>
  withKey(visit, async (key) => {
    const usage = await keyUsage(visit.context, visit.account, key.id);
    return keyPage(visit, key, usage.ok ? usage.value : [], problem);
  });

/** Goes to the page of the key after a change, or shows the page with the reason. */
async function changed(visit: Visit, outcome: Outcome<ManagedKey>): Promise<Reply> {
  return outcome.ok
    ? { location: `${visit.base}/keys/${outcome.value.id}?done` }
    : showKey(visit, toProblem(visit, outcome.fault));
}

async function submitSettings(visit: Visit): Promise<Reply> {
  const { context, account, id, form } = visit;
  const name = (form.get('name') ?? '').trim();
  const input = { name: name === '' ? null : name, scopes: form.getAll('scopes') };
  return changed(visit, await updateKey(context, account, id, input));
}

function showCreated(visit: Visit, { secret, key }: CreatedKey, overlapMs?: number): Reply {
  return secretPage(visit, {
    title: 'keyReady',
    label: 'key',
    secret,
    overlapMs,
    command: `curl ${quote(visit.testUrl)} -H ${quote(`Authorization: Bearer ${secret}`)}`,
    back: `${visit.base}/keys/${key.id}`,
  });
}

/** For a shell. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

async function submitNew(visit: Visit): Promise<Reply> {
  const { context, account, form, view } = visit;
  const outcome = await createKey(context, account, readKeyForm(form));
  if (outcome.ok) {
    return showCreated(visit, outcome.value);
  }
  const problem = toProblem(visit, outcome.fault);
  const { status } = outcome.fault;
  const count = context.maxKeys ?? 0;
  return keyFormPage(
    visit,
    status === 409 ? { ...problem, text: view.html('tooManyKeys', { count }) } : problem,
  );
}

const showRotate = (visit: Visit, problem?: Problem): Promise<Reply> =>
  withKey(visit, (key) =>
    rotatePage(
      visit,
      { name: keyName(visit.view, key), back: `${visit.base}/keys/${key.id}` },
      problem,
    ),
  );

async function submitRotate(visit: Visit): Promise<Reply> {
  const { context, account, id, form } = visit;
  const overlapMs = form.get('overlapMs') ?? '';
  const outcome = await rotateKey(context, account, id, { overlapMs });
  return outcome.ok
    ? showCreated(visit, outcome.value, Number(overlapMs))
    : showRotate(visit, toProblem(visit, outcome.fault));
}

const showRevoke = (visit: Visit): Promise<Reply> =>
  withKey(visit, (key) =>
    confirmPage(visit, {
      title: 'revokeTitle',
      intro: 'revokeIntro',
      action: 'revoke',
      name: keyName(visit.view, key),
      back: `${visit.base}/keys/${key.id}`,
    }),
  );

const submitRevoke = async (visit: Visit): Promise<Reply> =>
  changed(visit, await revokeKey(visit.context, visit.account, visit.id));
const submitDisable = async (visit: Visit): Promise<Reply> =>
  changed(visit, await disableKey(visit.context, visit.account, visit.id));
const submitEnable = async (visit: Visit): Promise<Reply> =>
  changed(visit, await enableKey(visit.context, visit.account, visit.id));

export const keyRoutes: readonly PageRoute[] = [
  { path: '', show: toKeys },
  { path: '/keys', show: showList },
  {
    path: '/keys/new',
    show: async (visit) => keyFormPage(visit),
    submit: submitNew,
    creates: true,
    retry: keyFormPage,
  },
  { path: '/keys/:id', show: (visit) => showKey(visit), submit: submitSettings },
  {
    path: '/keys/:id/rotate',
    show: (visit) => showRotate(visit),
    submit: submitRotate,
    creates: true,
  },
  { path: '/keys/:id/disable', submit: submitDisable },
  { path: '/keys/:id/enable', submit: submitEnable },
  { path: '/keys/:id/revoke', show: showRevoke, submit: submitRevoke },
];
