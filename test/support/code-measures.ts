import ts from 'typescript';

/** What is counted in the source, by the syntax tree. */
export interface CodeMeasures {
  readonly lines: number;
  readonly functions: number;
  /** Functions that are inside at least two others, as `file:line`. */
  readonly deepFunctions: readonly string[];
  readonly ternaries: number;
  /** Type assertions other than `as const`. `satisfies` asserts nothing. */
  readonly casts: number;
  /** Spreads of a condition or of an object literal, as `file:line`. */
  readonly spreadTricks: readonly string[];
}

const DEEP = 3;

/** Measures one file. */
export function measureCode(file: string, source: string): CodeMeasures {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const deepFunctions: string[] = [];
  const spreadTricks: string[] = [];
  let functions = 0;
  let ternaries = 0;
  let casts = 0;
  const place = (node: ts.Node) =>
    `${file}:${tree.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;

  const visit = (node: ts.Node, outer: number): void => {
    const depth = isFunction(node) ? outer + 1 : outer;
    functions += depth - outer;
    ternaries += Number(ts.isConditionalExpression(node));
    casts += Number(isCast(node));
    if (depth > outer && depth >= DEEP) {
      deepFunctions.push(place(node));
    }
    if (isSpreadTrick(node)) {
      spreadTricks.push(place(node));
    }
    ts.forEachChild(node, (child) => visit(child, depth));
  };
  visit(tree, 0);
  const lines = source.split('\n').length - 1;
  return { lines, functions, deepFunctions, ternaries, casts, spreadTricks };
}

const isFunction = (node: ts.Node): boolean =>
  ts.isFunctionLike(node) && 'body' in node && node.body !== undefined;

const isCast = (node: ts.Node): boolean =>
  ts.isTypeAssertionExpression(node) ||
  (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type));

/** `...(condition && { member })` and `...{ member }` */
const isSpreadTrick = (node: ts.Node): boolean =>
  (ts.isSpreadAssignment(node) || ts.isSpreadElement(node)) &&
  (isCondition(node.expression) || ts.isObjectLiteralExpression(node.expression));

const isCondition = (node: ts.Node): boolean =>
  ts.isParenthesizedExpression(node) &&
  ts.isBinaryExpression(node.expression) &&
  node.expression.operatorToken.kind === ts.SyntaxKind.AmpersandAmpersandToken;
