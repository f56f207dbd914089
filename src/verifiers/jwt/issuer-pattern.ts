import { isIdentifier } from '../../internal/options';

/** A placeholder in the host is one label, in the path a run of characters that mean nothing there: no dot segment, nothing encoded. */
const PLACEHOLDER = /\{[a-z][a-z0-9_]*\}/gi;
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const SEGMENT = '[A-Za-z0-9_~-]+(?:\\.[A-Za-z0-9_~-]+)*';
const MAX_LENGTH = 512;

export const isPattern = (issuer: string): boolean => issuer.includes('{');

/** An issuer that a pattern matches. */
export const exampleOfPattern = (pattern: string): string => pattern.replace(PLACEHOLDER, 'tenant');

/**
 * Whether a pattern leaves nobody else's host to a token: placeholders are whole labels before at least two that are fixed, or stand
 * in the path.
 */
export function isSafePattern(pattern: string): boolean {
  const [, host = '', path = ''] = /^https?:\/\/([^/]*)(.*)$/.exec(pattern) ?? [];
  const labels = host.split('.');
  const last = labels.findLastIndex((label) => label.includes('{'));
  const areWhole = labels.every((label) => !/[{}]/.test(label) || label.replace(PLACEHOLDER, '') === '');
  const rest = `${labels.slice(last + 1).join('.')}${path.replace(PLACEHOLDER, '')}`;
  return areWhole && (last === -1 || labels.length - last > 2) && !/[{}]/.test(rest) && isCanonicalIssuer(exampleOfPattern(pattern));
}

/** Whether an issuer's name is a URL in the one spelling that it has: what is read in it is what would be fetched. */
export function isCanonicalIssuer(iss: string): boolean {
  if (iss.length > MAX_LENGTH || iss.includes('%') || !isIdentifier(iss)) return false;
  const { href, hostname } = new URL(iss);
  return (href === iss || href === `${iss}/`) && !hostname.endsWith('.');
}

/** Whether an issuer is one of those that the pattern stands for. */
export function matcher(pattern: string): (iss: string) => boolean {
  const [, origin = '', path = ''] = /^([^/]*\/\/[^/]*)(.*)$/.exec(pattern) ?? [];
  const expression = new RegExp(`^${expressionOf(origin, LABEL)}${expressionOf(path, SEGMENT)}$`);
  return (iss) => expression.test(iss) && isCanonicalIssuer(iss);
}

const expressionOf = (text: string, placeholder: string): string =>
  text
    .split(PLACEHOLDER)
    .map((fixed) => fixed.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
    .join(placeholder);
