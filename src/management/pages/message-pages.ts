import { markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import { tokenField } from './fields';
import type { ManagementView, TextKey } from './view';
import type { Visit } from './visit';

/** Renders a page that contains only a message. */
export const messagePage = (
  view: ManagementView,
  status: number,
  [title, text]: readonly [title: TextKey, text: TextKey],
  back?: string,
): Page => ({
  title: view.plain(title),
  status,
  content: markup`<p>${view.html(text)}</p>
${back && markup`<div class="row"><a class="button" href="${back}">${view.html('back')}</a></div>`}`,
});

/** Also for what belongs to another account, so that nobody learns that it exists. */
export const notFoundPage = (view: ManagementView, base: string): Page =>
  messagePage(view, 404, ['notFoundTitle', 'notFound'], `${base}/keys`);

/** For a path that does not have the method of the request (RFC 9110 §15.5.6). */
export const wrongMethodPage = (view: ManagementView, base: string, allowed: string): Page => ({
  ...messagePage(view, 405, ['failedTitle', 'requestFault'], `${base}/keys`),
  headers: { Allow: allowed },
});

/** Sends the same form again after an outage, so that nothing has to be typed again. */
export function retryPage(visit: Visit, text: TextKey): Page {
  const { view, form, base } = visit;
  const typed = [...form].filter(([name]) => name !== 'form_token');
  return {
    title: view.plain('unavailableTitle'),
    status: 503,
    content: markup`<p>${view.html(text)}</p>
<form method="post">
${form.has('form_token') ? tokenField(visit) : undefined}${typed.map(([name, value]) => markup`<input type="hidden" name="${name}" value="${value}">\n`)}<div class="actions">
<button class="main">${view.html('tryAgain')}</button>
<a class="button" href="${base}/keys">${view.html('back')}</a>
</div>
</form>`,
  };
}

export const outagePage = (view: ManagementView): Page =>
  messagePage(view, 503, ['unavailableTitle', 'unavailable']);
