const isSingle = (text: string): boolean => text.length === 1 || [...text].length === 1;
const isAscii = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/**
 * Returns a text in which letters that differ by case alone are equal. Every character remains one
 * character, so that each store can compare in the same way: ß is not SS. ASCII letters are equal
 * to ASCII letters only.
 */
export const foldCase = (text: string): string =>
  isAscii(text) ? text.toLowerCase() : Array.from(text, foldCharacter).join('');

/** Through upper case, which the three forms of sigma have in common. */
function foldCharacter(char: string): string {
  const upper = char.toUpperCase();
  const base = isSingle(upper) ? upper : char;
  const lower = base.toLowerCase();
  const folded = isSingle(lower) ? lower : base;
  return isAscii(folded) && !isAscii(char) ? char : folded;
}

/** No letter with two cases has a higher code point in Unicode 17. */
const LAST_CODE_POINT = 0x1ffff;

let forms: ReadonlyMap<string, readonly string[]> | undefined;

/** The characters that are equal to others, by their folded form. */
function allForms(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (let point = 0; point <= LAST_CODE_POINT; point++) {
    const char = String.fromCodePoint(point);
    if (/\p{Changes_When_Casemapped}/u.test(char)) {
      const folded = foldCharacter(char);
      found.set(folded, [...(found.get(folded) ?? []), char]);
    }
  }
  return found;
}

/** Returns every character that `foldCase()` makes equal to one, and that itself. */
export function formsOf(char: string): readonly string[] {
  forms ??= allForms();
  return forms.get(foldCharacter(char)) ?? [char];
}
