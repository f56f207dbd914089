import type { ScopeDeclaration } from '../../credential/scopes';
import { type Html, markup } from '../../pages/markup';
import { alert } from '../../pages/page';
import { grantableScopes } from '../account';
import type { Problem, Visit } from './visit';

/** A field with its label. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly problem: Problem | undefined;
}

/** Returns the attributes that bind a control to its label, its hint and its error. */
function attributes({ name, hint, problem }: Field): Html {
  const isAtFault = problem?.field === name;
  const described = [
    ...(hint === undefined ? [] : [`${name}-hint`]),
    ...(isAtFault ? ['fault'] : []),
  ].join(' ');
  return markup`id="${name}" name="${name}"${described === '' ? undefined : markup` aria-describedby="${described}"`}${isAtFault ? markup` aria-invalid="true"` : undefined}`;
}

const labelled = (field: Field, control: Html): Html =>
  markup`<label for="${field.name}">${field.label}</label>
${control}
${field.hint === undefined ? undefined : markup`<p class="hint" id="${field.name}-hint">${field.hint}</p>\n`}`;

export const textField = (field: Field, value: string, type = 'text'): Html =>
  labelled(
    field,
    markup`<input type="${type}" ${attributes(field)} value="${value}" autocomplete="off">`,
  );

// The first line break after the start tag is not part of the text.
export const textArea = (field: Field, value: string): Html =>
  labelled(
    field,
    markup`<textarea class="mono" rows="3" spellcheck="false" ${attributes(field)}>
${value}</textarea>`,
  );

/** A choice: its value and its label. */
export type Choice = readonly [value: string, label: string];

const SELECTED = markup` selected`;

export const selectField = (field: Field, choices: readonly Choice[], value: string): Html =>
  labelled(
    field,
    markup`<select ${attributes(field)}>
${choices.map(([choice, label]) => markup`<option value="${choice}"${choice === value ? SELECTED : undefined}>${label}</option>\n`)}</select>`,
  );

/** A scope with its description. */
function describeScope(declaration: ScopeDeclaration, scope: string): string | undefined {
  const entries = new Map<string, unknown>(Object.entries(declaration));
  const entry = Array.isArray(declaration) ? undefined : entries.get(scope);
  if (typeof entry === 'string') {
    return entry;
  }
  return (entry as { readonly description?: string } | undefined)?.description;
}

const CHECKED = markup` checked`;
const INVALID_GROUP = markup` aria-describedby="fault"`;

/**
 * Renders a checkbox for each scope that the account may grant.
 * @param kept Scopes that the key or app has already.
 */
export function scopeFields(
  { view, context, account }: Visit,
  chosen: readonly string[],
  kept: readonly string[],
  problem: Problem | undefined,
): Html {
  const scopes = [...new Set([...grantableScopes(context.scopes, account), ...kept])];
  const box = (scope: string): Html => {
    const description = describeScope(context.declaration, scope);
    const small = description === undefined ? undefined : markup`<small>${scope}</small>`;
    return markup`<label class="choice"><input type="checkbox" name="scopes" value="${scope}"${chosen.includes(scope) ? CHECKED : undefined}><span>${description ?? scope}${small}</span></label>\n`;
  };
  return markup`<fieldset${problem?.field === 'scopes' ? INVALID_GROUP : undefined}>
<legend>${view.html('scopes')}</legend>
${scopes.length === 0 ? markup`<p class="hint">${view.html('noScopes')}</p>` : scopes.map(box)}</fieldset>
`;
}

/** The names of scopes, or the word for none. */
export const scopeList = ({ view }: Visit, scopes: readonly string[]): string =>
  scopes.join(', ') || view.plain('noScopes');

export const problemAlert = (problem: Problem | undefined): Html | undefined =>
  problem && alert(problem.text);

export const tokenField = ({ tokens }: Visit): Html =>
  markup`<input type="hidden" name="form_token" value="${tokens.create()}">\n`;

/** The button that sends a form, and the link that gives up. */
export const formActions = (
  { view }: Visit,
  label: string,
  back: string,
  className = 'main',
): Html => markup`<div class="actions">
<button class="${className}">${label}</button>
<a class="button" href="${back}">${view.html('cancel')}</a>
</div>
`;
