import type { IncomingMessage } from 'node:http';

import * as z from 'zod/mini';

import { check, functionOption, nonEmptyString } from '../internal/options';
import { isNonEmptyString, isObject } from '../internal/type-guards';
import type { PageColors } from './colors';
import { isLanguageTag } from './language';
import { parseColor } from './parse-color';
import { forms, placeholders, type PluralText, type TextTable } from './text-table';

/** The look, the language and the texts of built-in pages. */
export interface PagesOptions<Texts> {
  /** Name of your product, shown above every page and in its title. @default none */
  readonly name?: string;
  /**
   * An `https` URL, or a path of this site such as `/logo.svg`. The name is its text alternative.
   * @default none
   */
  readonly logoUrl?: string;
  /** @default a blue accent on grey */
  readonly colors?: PageColors;
  /**
   * Returns the language that the user chose at your site, such as `de` or `pt-BR`. For undefined,
   * and for a language without texts, the request's `Accept-Language` decides.
   */
  readonly language?: (req: IncomingMessage) => string | undefined;
  /**
   * Texts by language, over the built-in ones: English (`en`), German (`de`), French (`fr`),
   * Spanish (`es`), Portuguese (`pt`) and Japanese (`ja`). Missing texts of another language are
   * English.
   */
  readonly texts?: Readonly<Record<string, Partial<Texts>>>;
}

const color = z.optional(
  check<string>(
    'an opaque CSS colour, such as "#2456d6", "teal" or "rgb(36 86 214)"',
    (value) => typeof value === 'string' && parseColor(value) !== undefined,
  ),
);

const scheme = { accent: color, background: color, surface: color, text: color };

const logoUrl = check<string>(
  'an https URL, or a path such as "/logo.svg"',
  (value) => typeof value === 'string' && (isPath(value) || isHttpsUrl(value)),
);

const isPath = (value: string): boolean => /^\/(?![/\\])[^\s\\"'<>]*$/.test(value);

function isHttpsUrl(value: string): boolean {
  if (!/^https:\/\/[^\s\\"'<>]+$/i.test(value) || !URL.canParse(value)) {
    return false;
  }
  const { username, password } = new URL(value);
  return `${username}${password}` === '';
}

/** Returns the schema of the option, for pages with these English texts. */
export const pagesSchema = (english: TextTable): z.ZodMiniType =>
  z.strictObject({
    name: z.optional(nonEmptyString),
    logoUrl: z.optional(logoUrl),
    colors: z.optional(z.strictObject({ ...scheme, dark: z.optional(z.strictObject(scheme)) })),
    language: z.optional(functionOption),
    texts: z.optional(
      z
        .record(
          z.string(),
          z.strictObject(
            Object.fromEntries(
              Object.entries(english).map(([key, text]) => [key, z.optional(textSchema(text))]),
            ),
          ),
        )
        .check(
          z.refine((texts) => Object.keys(texts).every(isLanguageTag), {
            error: 'must have language tags, such as "pt-BR", as its keys',
          }),
        ),
    ),
  });

function textSchema(english: string | PluralText): z.ZodMiniType {
  const known = [...placeholders(english), ...(typeof english === 'string' ? [] : ['count'])];
  const isFilled = (text: string | PluralText) =>
    forms(text).every(isNonEmptyString) && placeholders(text).every((name) => known.includes(name));
  if (typeof english === 'string') {
    const expected = `a non-empty string ${withPlaceholders(known)}`;
    return check(expected, (value) => isNonEmptyString(value) && isFilled(value));
  }
  return check(
    `{ other: '…' } with the plural categories of the language, each a non-empty string ${withPlaceholders(known)}`,
    (value) => isPluralText(value) && isFilled(value),
  );
}

const withPlaceholders = (names: readonly string[]): string =>
  names.length === 0
    ? 'without placeholders'
    : `whose only placeholders are ${[...new Set(names)].map((name) => `{${name}}`).join(' and ')}`;

const CATEGORIES = ['zero', 'one', 'two', 'few', 'many', 'other'];

const isPluralText = (value: unknown): value is PluralText =>
  isObject(value) &&
  'other' in value &&
  Object.entries(value).every(
    ([category, form]) => CATEGORIES.includes(category) && typeof form === 'string',
  );
