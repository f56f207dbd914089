import type { ServerResponse } from 'node:http';

import { createPages, type Languages, type Pages, type PageView } from '../../pages/pages';
import type { PagesOptions } from '../../pages/pages-options';
import { german } from './texts/de';
import { english } from './texts/en';
import { spanish } from './texts/es';
import { french } from './texts/fr';
import { japanese } from './texts/ja';
import { portuguese } from './texts/pt';
import type { Texts } from './texts/texts';

export type ServerPages = Pages<Texts>;
export type ServerPageView = PageView<Texts>;

const LANGUAGES: Languages<Texts> = {
  en: english,
  de: german,
  fr: french,
  es: spanish,
  pt: portuguese,
  ja: japanese,
};

/**
 * Creates the pages of an authorization server.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION` if text and background have too little contrast
 */
export const createServerPages = (options?: PagesOptions<Texts>): ServerPages =>
  createPages('authorizationServer(): option "pages', LANGUAGES, options);

/** `loginPage()` and `consentPage()` are called without the server's options. */
const views = new WeakMap<ServerResponse, ServerPageView>();

/** Sets the look and language in which pages are sent as this response. */
export const setView = (res: ServerResponse, view: ServerPageView): void =>
  void views.set(res, view);

/** Returns the view that was set, or the plain English one. */
export const viewOf = (res: ServerResponse): ServerPageView =>
  views.get(res) ?? createServerPages().english;
