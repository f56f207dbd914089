import { omitUndefined } from '../../internal/objects';
import { type Html, markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import type { AppPage, ManagedApp } from '../apps';
import {
  type Choice,
  formActions,
  problemAlert,
  scopeFields,
  scopeList,
  selectField,
  textArea,
  textField,
  tokenField,
} from './fields';
import { formatTime } from './format';
import { doneNote, pageLinks } from './key-list-page';
import { definitions } from './key-page';
import type { TextKey } from './view';
import { inSection, type Problem, titleOf, type Visit } from './visit';

/** The apps that an account registered. */
export function appListPage(visit: Visit, { apps, next }: AppPage): Page {
  const { view, base } = visit;
  const item = ({ id, name, registeredAt }: ManagedApp): Html => markup`<li>
<div class="head"><a href="${base}/apps/${encodeURIComponent(id)}"><bdi>${name}</bdi></a></div>
<p class="facts"><span class="mono">${id}</span><span>${view.html('created')}: ${formatTime(view, registeredAt)}</span></p>
</li>
`;
  return inSection(visit, 'apps', {
    title: view.plain('apps'),
    content: markup`${doneNote(visit)}<div class="row"><a class="button main" href="${base}/apps/new">${view.html('newApp')}</a></div>
${apps.length === 0 ? markup`<p>${view.html('noApps')}</p>\n` : markup`<ul class="items">\n${apps.map(item)}</ul>\n`}${pageLinks(visit, 'apps', next)}`,
  });
}

const KINDS: Readonly<Record<string, { readonly label: TextKey; readonly input: object }>> = {
  web: { label: 'webApp', input: { type: 'confidential', applicationType: 'web' } },
  browser: { label: 'browserApp', input: { type: 'public', applicationType: 'web' } },
  native: { label: 'nativeApp', input: { type: 'public', applicationType: 'native' } },
};

/** Renders the form for a new app, with what was typed. */
export function appFormPage(visit: Visit, problem?: Problem): Page {
  const { view, base, form } = visit;
  const title = view.plain('newApp');
  const kinds = Object.entries(KINDS).map(([kind, { label }]): Choice => [kind, view.plain(label)]);
  const kind = { name: 'type', label: view.plain('appType'), problem };
  const typed = {
    name: form.get('name') ?? '',
    uris: form.get('redirectUris') ?? '',
    scopes: form.getAll('scopes'),
  };
  return inSection(visit, 'apps', {
    title: titleOf(visit, title, problem),
    heading: markup`${title}`,
    status: problem?.status ?? 200,
    content: markup`${problemAlert(problem)}<form method="post">
${tokenField(visit)}${appFields(visit, typed, [], problem)}${selectField(kind, kinds, form.get('type') ?? 'web')}${formActions(visit, title, `${base}/apps`)}</form>`,
  });
}

interface AppValues {
  readonly name: string;
  readonly uris: string;
  readonly scopes: readonly string[];
}

function appFields(
  visit: Visit,
  { name, uris, scopes }: AppValues,
  kept: readonly string[],
  problem: Problem | undefined,
): Html {
  const { view } = visit;
  const hint = view.plain('redirectUrisHint');
  return markup`${textField({ name: 'name', label: view.plain('name'), problem }, name)}${textArea(
    { name: 'redirectUris', label: view.plain('redirectUris'), hint, problem },
    uris,
  )}${scopeFields(visit, scopes, kept, problem)}`;
}

/** Renders one app with its settings and what can be done with it. */
export function appPage(visit: Visit, app: ManagedApp, problem?: Problem): Page {
  const { view, base, form } = visit;
  const typed = problem !== undefined;
  const values = {
    name: typed ? (form.get('name') ?? '') : app.name,
    uris: typed ? (form.get('redirectUris') ?? '') : app.redirectUris.join('\n'),
    scopes: typed ? form.getAll('scopes') : app.scopes,
  };
  const path = `${base}/apps/${encodeURIComponent(app.id)}`;
  const rotate = markup`<a class="button" href="${path}/rotate">${view.html('rotate')}</a>\n`;
  return inSection(visit, 'apps', {
    title: titleOf(visit, app.name, problem),
    heading: markup`<bdi>${app.name}</bdi>`,
    status: problem?.status ?? 200,
    content: markup`${problemAlert(problem)}${doneNote(visit)}${definitions(visit, [
      ['clientId', markup`<span class="mono">${app.id}</span>`],
      ['scopes', markup`${scopeList(visit, app.scopes)}`],
      ['created', markup`${formatTime(view, app.registeredAt)}`],
    ])}<h2>${view.html('settings')}</h2>
<form method="post">
${appFields(visit, values, app.scopes, problem)}<div class="actions">
<button class="main">${view.html('save')}</button>
</div>
</form>
<h2>${view.html('actions')}</h2>
<div class="row">
${app.type === 'confidential' ? rotate : undefined}<a class="button danger" href="${path}/delete">${view.html('deleteApp')}</a>
</div>`,
  });
}

/** Reads the fields of an app that can be changed. */
export const readAppForm = (form: URLSearchParams): object => ({
  name: (form.get('name') ?? '').trim(),
  scopes: form.getAll('scopes'),
  redirectUris: (form.get('redirectUris') ?? '').split(/\s+/).filter((uri) => uri !== ''),
});

/** Reads the form for a new app. An unknown kind is refused by the operation. */
export function readNewAppForm(form: URLSearchParams): object {
  const kind = form.get('type') ?? '';
  const known = Object.hasOwn(KINDS, kind) ? KINDS[kind]?.input : { type: kind };
  return { ...readAppForm(form), ...omitUndefined(known ?? {}) };
}
