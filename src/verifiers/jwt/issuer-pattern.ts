import { isLoopback } from '../../internal/options';
import { isLocal, type UrlPolicy } from '../issuer/trusted-url';

const PLACEHOLDER = /\{[a-z][a-z0-9_]*\}/gi;
/** What a placeholder matches in the host: one label. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What a placeholder matches in the path: no dot segments and no percent-encoding. */
const SEGMENT = /^[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*$/;
/** The length of the longest issuer, in characters. */
const MAX_LENGTH = 512;

export const isPattern = (issuer: string): boolean => issuer.includes('{');

/** Returns an issuer that a pattern matches. */
export const fillPattern = (pattern: string): string => pattern.replace(PLACEHOLDER, 'tenant');

/**
 * Whether a pattern can only match hosts of the operator: its placeholders are in the path, or are
 * whole labels of the host before at least two fixed ones.
 */
export function isSafePattern(pattern: string, urls: UrlPolicy): boolean {
  const [, host = '', path = ''] = /^https?:\/\/([^/]*)(.*)$/.exec(pattern) ?? [];
  const labels = host.split('.');
  const last = labels.findLastIndex((label) => label.includes('{'));
  const areWhole = labels.every((label) => !/[{}]/.test(label) || isPlaceholder(label));
  const rest = `${labels.slice(last + 1).join('.')}${path.replace(PLACEHOLDER, '')}`;
  const isHostFixed = areWhole && (last === -1 || labels.length - last > 2);
  return isHostFixed && !/[{}]/.test(rest) && isCanonicalIssuer(fillPattern(pattern), urls);
}

/**
 * Whether each path segment has at most one placeholder. With two, one issuer could match in many
 * ways, and the search would be slow.
 */
export const isUnambiguous = (pattern: string): boolean =>
  pattern
    .split('/')
    .every((part, index) => index < 3 || (part.match(PLACEHOLDER)?.length ?? 0) < 2);

/**
 * Whether an issuer is a URL in its only spelling, so that the URL that is compared is also the one
 * that is fetched.
 */
export function isCanonicalIssuer(iss: string, urls: UrlPolicy): boolean {
  if (iss.length > MAX_LENGTH || iss.includes('%') || !urls.isIssuer(iss)) {
    return false;
  }
  const { href, hostname } = new URL(iss);
  return (href === iss || href === `${iss}/`) && !hostname.endsWith('.');
}

/**
 * Whether a token may name an issuer that no configuration names: never one on this machine or in
 * its link-local network, unless it is a loopback host.
 */
export const isRemoteIssuer = (iss: string, urls: UrlPolicy): boolean =>
  isCanonicalIssuer(iss, urls) && (!isLocal(iss) || isLoopback(iss));

type PartMatcher = (value: string) => boolean;

/**
 * Creates a test for the issuers that a pattern matches. The time is linear in the length of the
 * issuer.
 */
export function issuerMatcher(pattern: string, urls: UrlPolicy): (iss: string) => boolean {
  const matchers = pattern
    .split('/')
    .map((part, index) => (index === 2 ? hostMatcher(part) : partMatcher(part, SEGMENT)));
  return (iss) =>
    iss.length <= MAX_LENGTH &&
    matchesParts(iss.split('/'), matchers) &&
    isCanonicalIssuer(iss, urls);
}

function hostMatcher(host: string): PartMatcher {
  const matchers = host.split('.').map((label) => partMatcher(label, LABEL));
  return (value) => matchesParts(value.split('.'), matchers);
}

const matchesParts = (parts: readonly string[], matchers: readonly PartMatcher[]): boolean =>
  parts.length === matchers.length && parts.every((part, index) => matchers[index]?.(part));

/** Matches text that begins and ends like a part of the pattern, with a placeholder between. */
function partMatcher(part: string, placeholder: RegExp): PartMatcher {
  const [before = '', after] = part.split(PLACEHOLDER);
  if (after === undefined) {
    return (value) => value === part;
  }
  return (value) =>
    value.startsWith(before) &&
    value.endsWith(after) &&
    placeholder.test(value.slice(before.length, value.length - after.length));
}

const isPlaceholder = (label: string): boolean =>
  label !== '' && label.replace(PLACEHOLDER, '') === '';
