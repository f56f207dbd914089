/** A piece of HTML that is safe to send. */
export class Html {
  constructor(readonly text: string) {}
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);

type Value = string | Html | undefined | readonly Html[];
const rendered = (value: Value): string => {
  if (value === undefined) return '';
  if (typeof value === 'string') return escaped(value);
  return value instanceof Html ? value.text : value.map(rendered).join('');
};

/** HTML, with every value in it escaped that is not HTML itself. Not called `html`: formatters would move what must stand as it is. */
export const markup = (strings: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(strings.reduce((text, string, index) => text + rendered(values[index - 1]) + string));
