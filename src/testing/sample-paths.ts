/** Of each kind that a parameter may be held to, two: so that no path of one value is taken for a path of any. */
const VALUES = ['x', 'qj', '7', '4021', 'Zz_9-k'];

/** `:name` with what Express 4 allows after it, `*` and `*name`, and a character that is escaped. */
const PIECE = /(\/?):(?:\w+|"[^"]*")(?:\((?:\\.|[^\\()])*\))?([?*])?|(\*)(?:\w+|"[^"]*")?|\\(.)/;

/**
 * Paths that a route of this pattern takes, in the syntax of Express 4 or 5, with and without what is optional. Where a pattern says
 * more than is read here, some of them are not what it takes.
 */
export function samplePaths(pattern: string): readonly string[] {
  const filled = optionalForms(pattern).flatMap((form) => VALUES.flatMap((value) => fill(form, value)));
  const paths = filled.map((path) => (path.startsWith('/') ? path : `/${path}`));
  // Routers differ in what they think of case and of a slash at the end.
  return [...new Set(paths.flatMap((path) => [path, path.toUpperCase(), `${path}/`]))];
}

/** With and without each `{…}` of Express 5. */
function optionalForms(pattern: string): readonly string[] {
  const group = /\{([^{}]*)\}/.exec(pattern);
  if (!group) return [pattern];
  const [whole, content = ''] = group;
  return ['', content].flatMap((part) => optionalForms(pattern.replace(whole, () => part)));
}

function fill(form: string, value: string): readonly string[] {
  const piece = PIECE.exec(form);
  if (!piece) return [form];
  const [whole, slash = '', optional, star, character] = piece;
  const before = form.slice(0, piece.index);
  const fillings = character !== undefined ? [character] : star ? [value, `${value}/${value}`] : [...(optional ? [''] : []), slash + value];
  const rests = fill(form.slice(piece.index + whole.length), value);
  return fillings.flatMap((filling) => rests.map((rest) => before + filling + rest));
}
