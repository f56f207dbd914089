import { omitUndefined } from '../../internal/objects';
import { type Html, markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import {
  type Choice,
  formActions,
  problemAlert,
  scopeFields,
  selectField,
  textField,
  tokenField,
} from './fields';
import { days } from './format';
import { inSection, type Problem, titleOf, type Visit } from './visit';

const LIFETIMES = [7, 30, 90, 365];

/** Renders the form for a new key, with what was typed. */
export function keyFormPage(visit: Visit, problem?: Problem): Page {
  const { view, base, form } = visit;
  const title = view.plain('newKey');
  const field = { name: 'name', label: view.plain('name'), hint: view.plain('nameHint'), problem };
  return inSection(visit, 'keys', {
    title: titleOf(visit, title, problem),
    heading: markup`${title}`,
    status: problem?.status ?? 200,
    content: markup`${problemAlert(problem)}<form method="post">
${tokenField(visit)}${textField(field, form.get('name') ?? '')}${scopeFields(visit, form.getAll('scopes'), [], problem)}${environmentField(visit, problem)}${expiryFields(visit, problem)}${formActions(visit, title, `${base}/keys`)}</form>`,
  });
}

function environmentField(
  { view, context, form }: Visit,
  problem: Problem | undefined,
): Html | undefined {
  const { environments = [] } = context;
  if (environments.length < 2) {
    return undefined;
  }
  const field = { name: 'environment', label: view.plain('environment'), problem };
  const choices = environments.map((name): Choice => [name, name]);
  return selectField(field, choices, form.get('environment') ?? '');
}

function expiryFields({ view, context, form }: Visit, problem: Problem | undefined): Html {
  const { maxLifetimeMs = Infinity } = context;
  const last: Choice =
    maxLifetimeMs === Infinity
      ? ['never', view.plain('never')]
      : ['longest', view.plain('longest')];
  const choices = [
    ...LIFETIMES.filter((count) => days(count) <= maxLifetimeMs).map((count): Choice => [
      String(count),
      view.plain('inDays', { count }),
    ]),
    last,
  ];
  const chosen = form.get('lifetime') ?? (choices.find(([value]) => value === '90') ?? last)[0];
  const date = {
    name: 'expiresAt',
    label: view.plain('onDate'),
    hint: view.plain('onDateHint'),
    problem,
  };
  const lifetime = { name: 'lifetime', label: view.plain('expires'), problem };
  return markup`${selectField(lifetime, choices, chosen)}${textField(date, form.get('expiresAt') ?? '', 'date')}`;
}

/** Reads the form for a new key. */
export function readKeyForm(form: URLSearchParams): object {
  return omitUndefined({
    name: (form.get('name') ?? '').trim(),
    scopes: form.getAll('scopes'),
    environment: form.get('environment') || undefined,
    expiresAt: readExpiry(form.get('expiresAt') ?? '', form.get('lifetime') ?? ''),
  });
}

const LAST_MS_OF_DAY = days(1) - 1;

/** Returns a time, null for never, undefined for the longest lifetime, or NaN. */
function readExpiry(date: string, lifetime: string): number | null | undefined {
  if (date !== '') {
    return /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(date) + LAST_MS_OF_DAY : Number.NaN;
  }
  if (lifetime === 'never') {
    return null;
  }
  return lifetime === 'longest' ? undefined : lifetimeEnd(lifetime);
}

const lifetimeEnd = (lifetime: string): number =>
  LIFETIMES.includes(Number(lifetime)) ? Date.now() + days(Number(lifetime)) : Number.NaN;
