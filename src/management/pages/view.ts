import { createPages, type Languages, type Pages, type PageView } from '../../pages/pages';
import type { PagesOptions } from '../../pages/pages-options';
import { MANAGEMENT_STYLE } from './style';
import { german } from './texts/de';
import { english } from './texts/en';
import { spanish } from './texts/es';
import { french } from './texts/fr';
import { japanese } from './texts/ja';
import { portuguese } from './texts/pt';
import type { ManagementTexts } from './texts/texts';

export type ManagementView = PageView<ManagementTexts>;
export type TextKey = keyof ManagementTexts;

const LANGUAGES: Languages<ManagementTexts> = {
  en: english,
  de: german,
  fr: french,
  es: spanish,
  pt: portuguese,
  ja: japanese,
};

/**
 * Creates the pages in all languages.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if text and background have too little contrast
 */
export const createManagementPages = (
  options?: PagesOptions<ManagementTexts>,
): Pages<ManagementTexts> =>
  createPages('managementPages(): option "pages', LANGUAGES, options, MANAGEMENT_STYLE);
