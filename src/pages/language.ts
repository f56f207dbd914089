/**
 * Returns the languages of an `Accept-Language` header, the preferred one first. Malformed entries
 * and those with a weight of 0 are left out.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4
 */
export function acceptedLanguages(header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(',')
    .map((entry) => ACCEPTED.exec(entry) ?? [])
    .map(([, tag = '', weight = '1']) => ({ tag, weight: Number(weight) }))
    .filter(({ tag, weight }) => tag !== '' && weight > 0)
    .sort((one, other) => other.weight - one.weight)
    .map(({ tag }) => tag);
}

const ACCEPTED =
  /^\s*([a-z]{1,8}(?:-[a-z\d]{1,8})*|\*)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?$/i;

/**
 * Finds the first requested language that is available: itself, without its last subtags, or a
 * regional form of it.
 *
 * @param available Tags in lower case.
 * @param requested Tags, the preferred one first; `*` is any language.
 * @returns One of the available tags, or undefined.
 * @see https://www.rfc-editor.org/rfc/rfc4647#section-3.4
 */
export function findLanguage(
  available: readonly string[],
  requested: readonly string[],
): string | undefined {
  for (const tag of requested) {
    const found = tag === '*' ? available[0] : findTag(available, tag.toLowerCase());
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function findTag(available: readonly string[], requested: string): string | undefined {
  const subtags = requested.split('-');
  for (let length = subtags.length; length > 0; length--) {
    const prefix = subtags.slice(0, length).join('-');
    if (available.includes(prefix)) {
      return prefix;
    }
  }
  return available.find((tag) => tag.startsWith(`${subtags[0]}-`));
}

/** Whether a text is a language tag such as `de` or `pt-BR` (RFC 5646). */
export function isLanguageTag(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set([
  'Adlm',
  'Arab',
  'Hebr',
  'Nkoo',
  'Rohg',
  'Syrc',
  'Thaa',
]);

/** Whether a language is written from right to left. */
export const isRightToLeft = (tag: string): boolean =>
  RIGHT_TO_LEFT.has(new Intl.Locale(tag).maximize().script ?? '');
