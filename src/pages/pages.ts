import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { typeError } from '../internal/errors';
import { omitUndefined } from '../internal/objects';
import { palettes } from './colors';
import { acceptedLanguages, findLanguage, isRightToLeft } from './language';
import type { Html } from './markup';
import { type Look, type Page, type PageLanguage, type RenderedPage, renderPage } from './page';
import type { PagesOptions } from './pages-options';
import { styleSheet } from './style';
import {
  fillHtml,
  fillText,
  type PlainValues,
  selectForm,
  type TextTable,
  type TextValues,
} from './text-table';

/** The built-in languages: tag in lower case → texts. English is one of them. */
export type Languages<Texts> = Readonly<Record<string, Texts>> & { readonly en: Texts };

/** Pages in the language of one request. */
export interface PageView<Texts> {
  readonly language: string;
  /** Returns a text with its values inserted, each escaped unless it is HTML. */
  readonly html: (key: keyof Texts & string, values?: TextValues) => Html;
  /** Returns a text for a place that is not HTML, such as a title. */
  readonly plain: (key: keyof Texts & string, values?: PlainValues) => string;
  readonly render: (page: Page) => RenderedPage;
}

/** The pages of one site. */
export interface Pages<Texts> {
  /**
   * Chooses the language for a request: the first of `uiLocales` with texts, otherwise that of the
   * option `language`, otherwise by `Accept-Language`, otherwise English.
   *
   * @throws {TypeError} `ERR_LATCHKEY_INTERACTION` if `language` returns anything but a string or
   * undefined
   */
  readonly view: (req: IncomingMessage, uiLocales?: readonly string[]) => PageView<Texts>;
  /** For a request of which nothing is known. */
  readonly english: PageView<Texts>;
}

/**
 * Creates the pages of a site. The options were checked before.
 *
 * @param where Names the option in errors, such as `authorizationServer(): option "pages`.
 * @param languages The built-in texts.
 * @param options The look, the language and the texts of the operator.
 * @param moreStyle Rules after those that all pages have.
 * @returns Pages in each language.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if text and background have too little contrast
 */
export function createPages<Texts extends object>(
  where: string,
  languages: Languages<Texts>,
  options: PagesOptions<Texts> = {},
  moreStyle = '',
): Pages<Texts> {
  const { light, dark } = palettes(`${where}.colors`, options.colors);
  const style = `${styleSheet(light, dark)}${moreStyle}`;
  const look: Look = {
    name: options.name,
    logoUrl: options.logoUrl,
    style,
    styleSource: `'sha256-${hash('sha256', style, 'base64')}'`,
  };
  const tables = completeTexts(languages, options.texts);
  const available = [...tables.keys()];

  const inLanguage = (tag: string, isNegotiated: boolean): PageView<Texts> => {
    const { name, texts } = tables.get(tag) ?? { name: 'en', texts: languages.en };
    return createView(look, texts, { tag: name, isRightToLeft: isRightToLeft(tag), isNegotiated });
  };
  return {
    view(req, uiLocales = []) {
      const chosen = findLanguage(available, [...uiLocales, ...ownLanguage(where, options, req)]);
      if (chosen !== undefined) {
        return inLanguage(chosen, false);
      }
      const accepted = acceptedLanguages(req.headers['accept-language']);
      return inLanguage(findLanguage(available, accepted) ?? 'en', true);
    },
    english: inLanguage('en', false),
  };
}

function ownLanguage<Texts>(
  where: string,
  { language }: PagesOptions<Texts>,
  req: IncomingMessage,
): readonly string[] {
  const own: unknown = language?.(req) ?? undefined;
  if (own !== undefined && typeof own !== 'string') {
    throw typeError(
      'ERR_LATCHKEY_INTERACTION',
      `${where}.language" must return a string, such as "de", or undefined`,
    );
  }
  return own === undefined ? [] : [own];
}

interface NamedTexts<Texts> {
  /** Tag as it is written. */
  readonly name: string;
  readonly texts: Texts;
}

/**
 * Returns all languages by their tags in lower case. Texts of the operator's own are completed by
 * those of the language without its region, or else by the English ones.
 */
function completeTexts<Texts extends object>(
  languages: Languages<Texts>,
  own: Readonly<Record<string, Partial<Texts>>> = {},
): ReadonlyMap<string, NamedTexts<Texts>> {
  const complete = new Map(
    Object.entries(languages).map(([tag, texts]): [string, NamedTexts<Texts>] => [
      tag,
      { name: tag, texts },
    ]),
  );
  // Languages come before their regional forms, which are based on them.
  const tags = Object.keys(own).sort((one, other) => one.length - other.length);
  for (const tag of tags) {
    const base = findBase(complete, tag.toLowerCase()) ?? languages.en;
    const texts: Texts = { ...base, ...omitUndefined(own[tag] ?? {}) };
    complete.set(tag.toLowerCase(), { name: tag, texts });
  }
  return complete;
}

function findBase<Texts>(
  tables: ReadonlyMap<string, NamedTexts<Texts>>,
  tag: string,
): Texts | undefined {
  const subtags = tag.split('-');
  const prefixes = subtags.map((_, index) => subtags.slice(0, subtags.length - index).join('-'));
  return prefixes.map((prefix) => tables.get(prefix)?.texts).find((texts) => texts !== undefined);
}

function createView<Texts extends object>(
  look: Look,
  texts: Texts,
  language: PageLanguage,
): PageView<Texts> {
  const plurals = new Intl.PluralRules(language.tag);
  const select = (key: keyof Texts & string, values: TextValues): string =>
    selectForm((texts as TextTable)[key] ?? '', plurals, values);
  return {
    language: language.tag,
    html: (key, values = {}) => fillHtml(select(key, values), values),
    plain: (key, values = {}) => fillText(select(key, values), values),
    render: (page) => renderPage(page, look, language),
  };
}
