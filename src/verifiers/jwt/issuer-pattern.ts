import { isLoopback } from '../../internal/options';
import { isLocal, type UrlPolicy } from '../issuer/trusted-url';

const PLACEHOLDER = /\{[a-z][a-z0-9_]*\}/gi;
/** A placeholder in the host stands for one label. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/**
 * In the path it stands for characters without a meaning there: no dot segment, nothing encoded.
 */
const SEGMENT = /^[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*$/;
const MAX_LENGTH = 512;

export const isPattern = (issuer: string): boolean => issuer.includes('{');

/** Returns an issuer that a pattern matches. */
export const exampleOfPattern = (pattern: string): string => pattern.replace(PLACEHOLDER, 'tenant');

/**
 * Whether a pattern matches no host but the operator's own: its placeholders are in the path, or
 * are whole labels before at least two fixed ones.
 */
export function isSafePattern(pattern: string, urls: UrlPolicy): boolean {
  const [, host = '', path = ''] = /^https?:\/\/([^/]*)(.*)$/.exec(pattern) ?? [];
  const labels = host.split('.');
  const last = labels.findLastIndex((label) => label.includes('{'));
  const areWhole = labels.every((label) => !/[{}]/.test(label) || isPlaceholder(label));
  const rest = `${labels.slice(last + 1).join('.')}${path.replace(PLACEHOLDER, '')}`;
  const isHostFixed = areWhole && (last === -1 || labels.length - last > 2);
  return isHostFixed && !/[{}]/.test(rest) && isCanonicalIssuer(exampleOfPattern(pattern), urls);
}

/**
 * Whether each path segment has at most one placeholder: with two, one issuer could match in many
 * ways.
 */
export const isUnambiguous = (pattern: string): boolean =>
  pattern
    .split('/')
    .every((part, index) => index < 3 || (part.match(PLACEHOLDER)?.length ?? 0) < 2);

/**
 * Whether an issuer is a URL in its only spelling, so that what is compared is what would be
 * fetched.
 */
export function isCanonicalIssuer(iss: string, urls: UrlPolicy): boolean {
  if (iss.length > MAX_LENGTH || iss.includes('%') || !urls.isIssuer(iss)) {
    return false;
  }
  const { href, hostname } = new URL(iss);
  return (href === iss || href === `${iss}/`) && !hostname.endsWith('.');
}

/**
 * Whether a token may name an issuer of which only the token says that it exists: never an address
 * of this machine or its link.
 */
export const isRemoteIssuer = (iss: string, urls: UrlPolicy): boolean =>
  isCanonicalIssuer(iss, urls) && (!isLocal(iss) || isLoopback(iss));

/**
 * Creates a test for the issuers that a pattern matches. It takes time linear in the length of the
 * issuer.
 */
export function matcher(pattern: string, urls: UrlPolicy): (iss: string) => boolean {
  const tests = pattern
    .split('/')
    .map((part, index) => (index === 2 ? hostMatcher(part) : partMatcher(part, SEGMENT)));
  return (iss) => {
    if (iss.length > MAX_LENGTH) {
      return false;
    }
    const parts = iss.split('/');
    return (
      parts.length === tests.length &&
      tests.every((test, index) => test(parts[index] as string)) &&
      isCanonicalIssuer(iss, urls)
    );
  };
}

function hostMatcher(host: string): (value: string) => boolean {
  const tests = host.split('.').map((label) => partMatcher(label, LABEL));
  return (value) => {
    const labels = value.split('.');
    return (
      labels.length === tests.length && tests.every((test, index) => test(labels[index] as string))
    );
  };
}

/** Matches text that begins and ends as a part of the pattern does, around its placeholder. */
function partMatcher(part: string, placeholder: RegExp): (value: string) => boolean {
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
