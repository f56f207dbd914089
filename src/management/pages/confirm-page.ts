import { markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import { formActions, problemAlert } from './fields';
import type { TextKey } from './view';
import { type Problem, titleOf, type Visit } from './visit';

/** A page that requires a confirmation before something that cannot be undone. */
export interface Confirmation {
  readonly title: TextKey;
  readonly intro: TextKey;
  readonly action: TextKey;
  /** The name of what is at stake. */
  readonly name: string;
  readonly back: string;
}

export function confirmPage(
  visit: Visit,
  { title, intro, action, name, back }: Confirmation,
  problem?: Problem,
): Page {
  const { view } = visit;
  return {
    title: titleOf(visit, view.plain(title, { name }), problem),
    heading: view.html(title, { name: markup`<bdi>${name}</bdi>` }),
    status: problem?.status ?? 200,
    content: markup`${problemAlert(problem)}<p>${view.html(intro)}</p>
<form method="post">
${formActions(visit, view.plain(action), back, 'danger')}</form>`,
  };
}
