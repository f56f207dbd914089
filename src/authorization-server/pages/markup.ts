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
  text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);

type Value = string | Html | undefined | readonly Html[];
const render = (value: Value): string => {
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
 */
export const markup = (strings: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(strings.reduce((text, string, index) => text + render(values[index - 1]) + string));
