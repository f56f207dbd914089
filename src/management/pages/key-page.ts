import { type Html, markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import type { DailyUsage } from '../../stores/usage-days';
import type { ManagedKey } from '../key-view';
import { problemAlert, scopeFields, scopeList, textField } from './fields';
import { formatOptionalTime, formatTime, isExpiringSoon } from './format';
import { doneNote, keyName, statusBadge } from './key-list-page';
import { usageChart } from './usage-chart';
import type { TextKey } from './view';
import { inSection, type Problem, titleOf, type Visit } from './visit';

/** Renders one key with its usage, its settings and what can be done with it. */
export function keyPage(
  visit: Visit,
  key: ManagedKey,
  usage: readonly DailyUsage[],
  problem?: Problem,
): Page {
  const { view } = visit;
  const title = keyName(view, key);
  const isRevoked = key.status === 'revoked';
  return inSection(visit, 'keys', {
    title: titleOf(visit, title, problem),
    heading: markup`<bdi>${title}</bdi>`,
    status: problem?.status ?? 200,
    content: markup`${problemAlert(problem)}${doneNote(visit)}${soonNote(visit, key)}${facts(visit, key)}${usageChart(view, usage, Date.now())}${isRevoked ? undefined : settings(visit, key, problem)}${isRevoked ? undefined : actions(visit, key)}`,
  });
}

function soonNote({ view }: Visit, key: ManagedKey): Html | undefined {
  if (!isExpiringSoon(key, Date.now())) {
    return undefined;
  }
  const date = formatOptionalTime(view, key.expiresAt);
  return markup`<p class="note caution">${view.html('expiresSoon', { date })}</p>\n`;
}

function facts(visit: Visit, key: ManagedKey): Html {
  const { view } = visit;
  const { hint, environment, status, scopes, issuedAt, lastUsedAt, expiresAt } = key;
  const rows: readonly (readonly [TextKey, Html])[] = [
    ['key', markup`<span class="mono">${hint}…</span>`],
    ['status', statusBadge(view, status)],
    ...(environment === null ? [] : [['environment', markup`${environment}`] as const]),
    ['scopes', markup`${scopeList(visit, scopes)}`],
    ['created', markup`${formatTime(view, issuedAt)}`],
    ['lastUsed', markup`${formatOptionalTime(view, lastUsedAt)}`],
    ['expires', markup`${formatOptionalTime(view, expiresAt)}`],
  ];
  return definitions(visit, rows);
}

/** Renders names and values. */
export const definitions = (
  { view }: Visit,
  rows: readonly (readonly [TextKey, Html])[],
): Html => markup`<dl>
${rows.map(([name, value]) => markup`<dt>${view.html(name)}</dt><dd>${value}</dd>\n`)}</dl>
`;

function settings(visit: Visit, key: ManagedKey, problem: Problem | undefined): Html {
  const { view, base, form } = visit;
  const typed = problem !== undefined;
  const name = typed ? (form.get('name') ?? '') : (key.name ?? '');
  const scopes = typed ? form.getAll('scopes') : key.scopes;
  const field = { name: 'name', label: view.plain('name'), hint: view.plain('nameHint'), problem };
  return markup`<h2>${view.html('settings')}</h2>
<form method="post" action="${base}/keys/${key.id}">
${textField(field, name)}${scopeFields(visit, scopes, key.scopes, problem)}<div class="actions">
<button class="main">${view.html('save')}</button>
</div>
</form>
`;
}

function actions({ view, base }: Visit, { id, status }: ManagedKey): Html {
  const link = (action: 'revoke' | 'rotate', className: string): Html =>
    markup`<a class="${className}" href="${base}/keys/${id}/${action}">${view.html(action)}</a>\n`;
  const post = (action: 'disable' | 'enable'): Html =>
    markup`<form method="post" action="${base}/keys/${id}/${action}"><button>${view.html(action)}</button></form>\n`;
  return markup`<h2>${view.html('actions')}</h2>
<div class="row">
${status === 'active' ? link('rotate', 'button') : undefined}${status === 'active' ? post('disable') : undefined}${status === 'disabled' ? post('enable') : undefined}${link('revoke', 'button danger')}</div>`;
}
