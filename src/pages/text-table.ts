import { Html, markup } from './markup';

/**
 * A text in the forms that the language's plurals need, by the categories of `Intl.PluralRules`:
 * `{ one: '{count} key', other: '{count} keys' }`.
 */
export type PluralText = {
  readonly [Category in Exclude<Intl.LDMLPluralRule, 'other'>]?: string;
} & {
  readonly other: string;
};

/** The texts of pages in one language. `{name}` is a placeholder. */
export type TextTable = Readonly<Record<string, string | PluralText>>;

/** What to insert for the placeholders. `count` also selects the plural form. */
export type PlainValues = Readonly<Record<string, string | number>>;
export type TextValues = Readonly<Record<string, string | number | Html>>;

/** Even parts of the result are text, odd ones are names of placeholders. */
const parse = (template: string): readonly string[] => template.split(/\{(\w+)\}/);

/** Returns the placeholders of a text. */
export const placeholders = (text: string | PluralText): readonly string[] =>
  forms(text).flatMap((form) => parse(form).filter((_, index) => index % 2 === 1));

/** Returns all forms of a text. */
export const forms = (text: string | PluralText): readonly string[] =>
  typeof text === 'string' ? [text] : Object.values(text);

/** Inserts values into a template. Those that are not HTML are escaped. */
export const fillHtml = (template: string, values: TextValues): Html =>
  markup`${parse(template).map((part, index) => {
    const value = index % 2 === 0 ? part : values[part];
    return value instanceof Html ? value : markup`${String(value ?? '')}`;
  })}`;

/** Inserts values into a template for a place that is plain text, such as a title. */
export const fillText = (template: string, values: PlainValues): string =>
  parse(template)
    .map((part, index) => (index % 2 === 0 ? part : String(values[part] ?? '')))
    .join('');

/** Selects the form of a text for `values.count`. */
export function selectForm(
  text: string | PluralText,
  plurals: Intl.PluralRules,
  { count }: TextValues,
): string {
  if (typeof text === 'string') {
    return text;
  }
  return text[plurals.select(Number(count ?? 0))] ?? text.other;
}
