import { foldCase, formsOf } from '../../src/stores/fold-case';

it('makes exactly the forms of a character equal to it, and each of them one character', () => {
  const wrong: string[] = [];
  for (let point = 0; point <= 0x10ffff; point++) {
    const char = String.fromCodePoint(point);
    if (!/\p{Changes_When_Casemapped}/u.test(char)) {
      continue;
    }
    const forms = formsOf(char);
    const folded = foldCase(char);
    const isSame = forms.every((form) => foldCase(form) === folded && [...form].length === 1);
    if (!isSame || !forms.includes(char) || !forms.includes(folded)) {
      wrong.push(`U+${point.toString(16)}: ${forms.join(' ')}`);
    }
  }
  expect(wrong).toEqual([]);
});

it.each([
  ['s', ['S', 's']],
  ['Σ', ['Σ', 'ς', 'σ']],
  ['ß', ['ß', 'ẞ']],
  ['7', ['7']],
  ['😀', ['😀']],
])('knows the forms of %s', (char, forms) => {
  expect([...formsOf(char)].sort()).toEqual(forms);
});
