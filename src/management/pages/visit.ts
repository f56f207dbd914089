import type { Html } from '../../pages/markup';
import { markup } from '../../pages/markup';
import type { Page } from '../../pages/page';
import type { Account } from '../account';
import { hasApps } from '../apps';
import type { Fault } from '../faults';
import { hasGrants } from '../grants';
import type { ManagementContext } from '../options';
import type { FormTokens } from './form-tokens';
import type { ManagementView, TextKey } from './view';

/** One request of a user who is logged in. */
export interface Visit {
  readonly context: ManagementContext;
  readonly account: Account;
  readonly view: ManagementView;
  readonly tokens: FormTokens;
  /** The path that the pages are mounted at, without a slash at its end. */
  readonly base: string;
  /** The ID in the path; '' where there is none. */
  readonly id: string;
  readonly query: URLSearchParams;
  /** What was typed. */
  readonly form: URLSearchParams;
  /** Where the test request goes to. */
  readonly testUrl: string;
}

/** A page, or where to go. */
export type Reply = Page | { readonly location: string };

/** Why a form is shown again. */
export interface Problem {
  readonly status: number;
  readonly text: Html;
  /** The field at fault. */
  readonly field: string | undefined;
}

const FIELD_TEXTS: Readonly<Record<string, TextKey>> = {
  name: 'nameFault',
  scopes: 'scopesFault',
  environment: 'environmentFault',
  expiresAt: 'expiresAtFault',
  overlapMs: 'overlapMsFault',
  redirectUris: 'redirectUrisFault',
  type: 'typeFault',
  applicationType: 'typeFault',
};

/** Says what a user can do about a fault. Every field at fault is 400. */
export function toProblem({ view }: Visit, { field, status }: Fault): Problem {
  if (field === undefined) {
    const key = status === 409 ? 'conflict' : 'requestFault';
    return { status, text: view.html(key), field };
  }
  return { status: 400, text: view.html(FIELD_TEXTS[field] ?? 'requestFault'), field };
}

type Section = 'keys' | 'apps' | 'connected';

/** Returns the links to the sections that the options enable; none if there is only one. */
function navigation({ view, base, context }: Visit, current: Section): Html | undefined {
  const sections: readonly Section[] = [
    'keys',
    ...(hasApps(context) ? (['apps'] as const) : []),
    ...(hasGrants(context) ? (['connected'] as const) : []),
  ];
  if (sections.length === 1) {
    return undefined;
  }
  const mark = markup` aria-current="page"`;
  return markup`<nav aria-label="${view.plain('navigation')}">
${sections.map((section) => markup`<a href="${base}/${section}"${section === current ? mark : undefined}>${view.html(section)}</a>\n`)}</nav>
`;
}

/** Adds the navigation to a page. */
export function inSection(visit: Visit, section: Section, page: Page): Page {
  const links = navigation(visit, section);
  return links === undefined ? page : { ...page, navigation: links };
}

/** Returns the title of the document, which names an error. */
export const titleOf = ({ view }: Visit, title: string, problem: Problem | undefined): string =>
  problem === undefined ? title : view.plain('errorTitle', { title });
