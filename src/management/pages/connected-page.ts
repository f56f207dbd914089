import { type Html, markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import type { ManagedGrant, ManagedGrants } from '../grants';
import { scopeList } from './fields';
import { formatTime } from './format';
import { doneNote, pageLinks } from './key-list-page';
import { inSection, type Visit } from './visit';

/** Renders the apps that act for an account. */
export function connectedPage(visit: Visit, { grants, next }: ManagedGrants): Page {
  const { view } = visit;
  return inSection(visit, 'connected', {
    title: view.plain('connected'),
    content: markup`${doneNote(visit)}${
      grants.length === 0
        ? markup`<p>${view.html('noConnected')}</p>\n`
        : markup`<ul class="items">\n${grants.map((grant) => grantItem(visit, grant))}</ul>\n`
    }${pageLinks(visit, 'connected', next)}`,
  });
}

export const appName = ({ view }: Visit, { name }: Pick<ManagedGrant, 'name'>): string =>
  name ?? view.plain('unknownApp');

function grantItem(visit: Visit, grant: ManagedGrant): Html {
  const { view, base } = visit;
  const name = appName(visit, grant);
  const path = `${base}/connected/${encodeURIComponent(grant.id)}/revoke`;
  return markup`<li>
<div class="head"><strong><bdi>${name}</bdi></strong><a class="button" href="${path}" aria-label="${view.plain('disconnect')}: ${name}">${view.html('disconnect')}</a></div>
<p class="facts"><span>${view.html('since')}: ${formatTime(view, grant.issuedAt)}</span><span>${view.html('scopes')}: ${scopeList(visit, grant.scopes)}</span></p>
</li>
`;
}
