import { markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import { type Choice, formActions, problemAlert, selectField, tokenField } from './fields';
import { days } from './format';
import type { ManagementView } from './view';
import { type Problem, titleOf, type Visit } from './visit';

const HOUR_MS = 3_600_000;

const overlaps = (view: ManagementView): readonly Choice[] => [
  ['0', view.plain('noOverlap')],
  [String(HOUR_MS), view.plain('inHours', { count: 1 })],
  ...[1, 7, 30].map((count): Choice => [String(days(count)), view.plain('inDays', { count })]),
];

/** Renders the form that rotates a key or the secret of an app. */
export function rotatePage(
  visit: Visit,
  { name, back }: { readonly name: string; readonly back: string },
  problem?: Problem,
): Page {
  const { view, form } = visit;
  const field = { name: 'overlapMs', label: view.plain('overlap'), problem };
  return {
    title: titleOf(visit, view.plain('rotateTitle', { name }), problem),
    heading: view.html('rotateTitle', { name: markup`<bdi>${name}</bdi>` }),
    status: problem?.status ?? 200,
    content: markup`${problemAlert(problem)}<p>${view.html('rotateIntro')}</p>
<form method="post">
${tokenField(visit)}${selectField(field, overlaps(view), form.get('overlapMs') ?? String(days(1)))}${formActions(visit, view.plain('rotate'), back)}</form>`,
  };
}
