import { RefusedRequest } from './refused-request';

const NO_OBJECT = 'the request body must be a JSON object';

/**
 * Parses a JSON object whose members are the parameters of a request.
 * @throws RefusedRequest if it is not one, or a member is repeated
 * @see https://www.rfc-editor.org/rfc/rfc6749#section-3.2
 */
export function parseJsonParameters(text: string): URLSearchParams {
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null) {
    throw new RefusedRequest(NO_OBJECT);
  }
  if (hasRepeatedName(text)) {
    throw new RefusedRequest('a parameter must not be given twice');
  }
  return toParameters(value);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RefusedRequest('the request body is not JSON');
  }
}

/**
 * A JSON string, and the colon after it if it is a member's name. No part of it can match in two
 * ways, so it takes linear time.
 */
const JSON_STRING = /"(?:[^"\\]|\\.)*"(\s*:)?/gs;

/**
 * `JSON.parse` silently keeps the last of several members with one name. The text must be valid
 * JSON.
 */
function hasRepeatedName(text: string): boolean {
  const seen = new Set<string>();
  for (const [matched, colon] of text.matchAll(JSON_STRING)) {
    if (colon === undefined) {
      continue;
    }
    const name = JSON.parse(matched.slice(0, -colon.length)) as string;
    if (seen.has(name)) {
      return true;
    }
    seen.add(name);
  }
  return false;
}

/**
 * Converts parsed members to parameters. A list stands for a repeated parameter, which
 * oidc-provider rejects. Null stands for a parameter that was left out.
 */
export function toParameters(members: object): URLSearchParams {
  if (Array.isArray(members)) {
    throw new RefusedRequest(NO_OBJECT);
  }
  const pairs = Object.entries(members).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one): [string, unknown] => [name, one]),
  );
  const given = pairs.filter(
    (pair): pair is [string, string] => pair[1] !== null && pair[1] !== undefined,
  );
  if (given.some(([, value]) => typeof value !== 'string')) {
    throw new RefusedRequest('parameters must be strings');
  }
  if (given.some((pair) => pair.some(hasLoneSurrogate))) {
    throw new RefusedRequest('parameters must be valid Unicode');
  }
  return new URLSearchParams(given);
}

/** With the flag `u`, a surrogate matches only if its other half is missing. */
const hasLoneSurrogate = (text: string): boolean => /\p{Surrogate}/u.test(text);
