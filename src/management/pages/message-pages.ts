import { markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import type { ManagementView, TextKey } from './view';

/** Renders a page that says why there is nothing else. */
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

export const outagePage = (view: ManagementView): Page =>
  messagePage(view, 503, ['unavailableTitle', 'unavailable']);
