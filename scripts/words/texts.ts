import ts from 'typescript';

/** A piece of prose in a file. */
export interface Text {
  readonly line: number;
  readonly text: string;
}

const TITLED = /^(?:describe|it|test)(?:\.|$)/;

/** The lines of a Markdown file, without code spans, link targets and HTML comments. */
export function markdownTexts(markdown: string): Text[] {
  return markdown.split('\n').map((line, index) => ({
    line: index + 1,
    text: line.replace(/`[^`]*`|\]\([^)]*\)|<!--.*?-->|https?:\S+/g, ' '),
  }));
}

/** The comments and strings of a TypeScript file. */
export function sourceTexts(file: string, source: string): Text[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const comments = new Map<number, string>();
  const strings: Text[] = [];
  const lineAt = (position: number) => tree.getLineAndCharacterOfPosition(position).line + 1;
  const visit = (node: ts.Node): void => {
    for (const { pos, end } of ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []) {
      comments.set(pos, source.slice(pos, end));
    }
    for (const { pos, end } of ts.getTrailingCommentRanges(source, node.getEnd()) ?? []) {
      comments.set(pos, source.slice(pos, end));
    }
    if (isProse(node)) {
      strings.push({ line: lineAt(node.getStart()), text: node.text });
    }
    node.getChildren().forEach(visit);
  };
  visit(tree);
  const lines = [...comments].flatMap(([position, comment]) =>
    comment.split('\n').map((text, index) => ({
      line: lineAt(position) + index,
      text: text.replace(/`[^`]*`|https?:\S+/g, ' '),
    })),
  );
  return [...lines, ...strings];
}

/** The titles of the tests in a file, as far as they are written as one string. */
export function titleTexts(file: string, source: string): Text[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const titles: Text[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && TITLED.test(node.expression.getText())) {
      const [title] = node.arguments;
      if (title && ts.isStringLiteralLike(title)) {
        const line = tree.getLineAndCharacterOfPosition(title.getStart()).line + 1;
        titles.push({ line, text: title.text });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return titles;
}

/** Whether a string has several words; others are names and codes. */
const isProse = (node: ts.Node): node is ts.LiteralLikeNode =>
  (ts.isStringLiteralLike(node) ||
    ts.isTemplateHead(node) ||
    ts.isTemplateMiddleOrTemplateTail(node)) &&
  /\w \w/.test(node.text);
