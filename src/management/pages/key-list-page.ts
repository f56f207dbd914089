import { type Html, markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import type { ManagedKey } from '../key-view';
import type { KeyPage } from '../keys';
import { selectField, textField } from './fields';
import { formatOptionalTime, formatTime, isExpiringSoon } from './format';
import type { ManagementView } from './view';
import { inSection, type Visit } from './visit';

const STATUSES = ['active', 'disabled', 'expired', 'revoked'] as const;

export const keyName = (view: ManagementView, { name }: { readonly name: string | null }): string =>
  name ?? view.plain('unnamed');

export const statusBadge = (view: ManagementView, status: ManagedKey['status']): Html =>
  markup`<span class="badge ${status}">${view.html(status)}</span>`;

/** Renders the keys of an account. `expiring` are those that expire soon. */
export function keyListPage(
  visit: Visit,
  { keys, next }: KeyPage,
  expiring: readonly ManagedKey[],
): Page {
  const { view, base, account, query } = visit;
  const isSearch = Boolean(query.get('name') || query.get('status'));
  const user = markup`<bdi>${account.name ?? account.subject}</bdi>`;
  return inSection(visit, 'keys', {
    title: view.plain('keys'),
    content: markup`<p class="quiet">${view.html('loggedInAs', { user })}</p>
${doneNote(visit)}${expiringBanner(visit, expiring)}<div class="row"><a class="button main" href="${base}/keys/new">${view.html('newKey')}</a></div>
${keys.length > 0 || isSearch || query.has('after') ? searchForm(visit) : undefined}${
      keys.length === 0
        ? emptyNote(visit, isSearch)
        : markup`<ul class="items">\n${keys.map((key) => keyItem(visit, key))}</ul>\n`
    }${pageLinks(visit, 'keys', next)}`,
  });
}

/** Says that a change was made, after the redirect. */
export const doneNote = ({ view, query }: Visit): Html | undefined =>
  query.has('done')
    ? markup`<p class="note" role="status">${view.html('changed')}</p>\n`
    : undefined;

function expiringBanner({ view, base }: Visit, expiring: readonly ManagedKey[]): Html | undefined {
  if (expiring.length === 0) {
    return undefined;
  }
  return markup`<div class="note caution">
<strong>${view.html('expiringSoon', { count: expiring.length })}</strong>
${expiring.slice(0, 5).map((key) => markup`<p><a href="${base}/keys/${key.id}"><bdi>${keyName(view, key)}</bdi></a>, ${formatOptionalTime(view, key.expiresAt)}</p>\n`)}</div>
`;
}

function searchForm({ view, base, query }: Visit): Html {
  const problem = undefined;
  const statuses = STATUSES.map((status) => [status, view.plain(status)] as const);
  return markup`<form class="row search" role="search" action="${base}/keys">
<div>${textField({ name: 'name', label: view.plain('name'), problem }, query.get('name') ?? '', 'search')}</div>
<div>${selectField(
    { name: 'status', label: view.plain('status'), problem },
    [['', view.plain('anyStatus')], ...statuses],
    query.get('status') ?? '',
  )}</div>
<button>${view.html('search')}</button>
</form>
`;
}

const emptyNote = ({ view, base }: Visit, isSearch: boolean): Html =>
  isSearch
    ? markup`<p>${view.html('noMatches')} <a href="${base}/keys">${view.html('allKeys')}</a></p>\n`
    : markup`<p>${view.html('noKeys')}</p>\n`;

function keyItem({ view, base }: Visit, key: ManagedKey): Html {
  const { id, hint, environment, status, issuedAt, lastUsedAt, expiresAt } = key;
  const soon = isExpiringSoon(key, Date.now()) ? 'strong' : undefined;
  const expiry = expiresAt === null ? undefined : formatTime(view, expiresAt);
  const expires = markup`${view.html('expires')}: ${expiry}`;
  return markup`<li>
<div class="head"><a href="${base}/keys/${id}"><bdi>${keyName(view, key)}</bdi></a>${statusBadge(view, status)}</div>
<p class="facts"><span class="mono">${hint}…</span>${environment === null ? undefined : markup`<span>${environment}</span>`}<span>${view.html('created')}: ${formatTime(view, issuedAt)}</span><span>${view.html('lastUsed')}: ${formatOptionalTime(view, lastUsedAt)}</span>${expiry && markup`<span>${soon ? markup`<strong>${expires}</strong>` : expires}</span>`}</p>
</li>
`;
}

/** Links to the first and to the next page of a list. */
export function pageLinks(
  { view, base, query }: Visit,
  section: string,
  next: string | null,
): Html | undefined {
  const link = (key: 'firstPage' | 'nextPage', after?: string): Html => {
    const to = new URLSearchParams(query);
    to.delete('done');
    to.delete('after');
    if (after !== undefined) {
      to.set('after', after);
    }
    return markup`<a class="button" href="${base}/${section}?${to.toString()}">${view.html(key)}</a>\n`;
  };
  const links = [
    ...(query.has('after') ? [link('firstPage')] : []),
    ...(next === null ? [] : [link('nextPage', next)]),
  ];
  return links.length === 0 ? undefined : markup`<div class="row">\n${links}</div>\n`;
}
