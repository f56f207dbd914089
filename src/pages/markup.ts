/** HTML that is safe to send. */
export class Html {
  constructor(readonly text: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escapeHtml = (text: string): string =>
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** What a template may contain. */
export type MarkupValue = string | Html | undefined | readonly Html[];

const render = (value: MarkupValue): string => {
  if (value === undefined) {
    return '';
  }
  if (typeof value === 'string') {
    return escapeHtml(value);
  }
  return value instanceof Html ? value.text : value.map(render).join('');
};

/**
 * Builds HTML. Every value that is not HTML itself is escaped. Not called `html`, because
 * formatters would then change the whitespace.
 *
 * @param strings The parts of the template that are HTML already.
 * @param values What to insert between them.
 * @returns The HTML.
 */
export const markup = (strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Html =>
  new Html(strings.reduce((text, string, index) => text + render(values[index - 1]) + string));

/** Shows a name in bold type. Its writing direction does not affect the text around it. */
export const isolated = (name: string): Html => markup`<bdi><strong>${name}</strong></bdi>`;
