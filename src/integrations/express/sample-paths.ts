/**
 * Values for parameters: several, so that a path with one fixed value is not mistaken for a
 * parameter.
 */
const VALUES = ['x', 'qj', '7', '4021', 'Zz_9-k'];

/** `:name` with the suffixes of Express 4, `*` and `*name`, and an escaped character. */
const PIECE = /(\/?):(?:\w+|"[^"]*")(?:\((?:\\.|[^\\()])*\))?([?*])?|(\*)(?:\w+|"[^"]*")?|\\(.)/;

/**
 * Returns paths that a pattern of Express 4 or 5 matches, with and without its optional parts. Some
 * may not match, because restrictions of parameters are ignored.
 */
export function samplePaths(pattern: string): readonly string[] {
  const filled = optionalForms(pattern).flatMap((form) =>
    VALUES.flatMap((value) => fill(form, value)),
  );
  const paths = filled.map((path) => (path.startsWith('/') ? path : `/${path}`));
  return [
    ...new Set(paths.flatMap(spellings).flatMap((path) => [path, path.toUpperCase(), `${path}/`])),
  ];
}

/**
 * Returns the path with single slashes, and with one of its slashes doubled. Express 4 drops one of
 * two slashes after a mount path, and Express 5 ignores slashes at the end of a pattern.
 */
function spellings(path: string): readonly string[] {
  const doubled = [...path.matchAll(/\//g)].map(
    ({ index }) => `${path.slice(0, index)}/${path.slice(index)}`,
  );
  const single = path.replace(/\/{2,}/g, '/');
  return [path, single, single.replace(/(?!^)\/$/, ''), ...doubled];
}

/** Returns the pattern with and without each `{…}` of Express 5. */
function optionalForms(pattern: string): readonly string[] {
  const group = /\{([^{}]*)\}/.exec(pattern);
  if (!group) {
    return [pattern];
  }
  const [whole, content = ''] = group;
  return ['', content].flatMap((part) => optionalForms(pattern.replace(whole, () => part)));
}

function fill(form: string, value: string): readonly string[] {
  const piece = PIECE.exec(form);
  if (!piece) {
    return [form];
  }
  const [whole, slash = '', optional, star, character] = piece;
  const before = form.slice(0, piece.index);
  const once = optional ? ['', slash + value] : [slash + value];
  const repeated = star ? [value, `${value}/${value}`, '', '/'] : once;
  const fillings = character === undefined ? repeated : [character];
  const rests = fill(form.slice(piece.index + whole.length), value);
  return fillings.flatMap((filling) => rests.map((rest) => before + filling + rest));
}
