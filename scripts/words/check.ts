import { markdownTexts, sourceTexts, type Text, titleTexts } from './texts';
import { ALLOWED, AVOIDED } from './words';

const ROOT_DOCUMENTS = /^(?:README|CHANGELOG|ARCHITECTURE|CONTRIBUTING|SECURITY)\.md$/;

/** What the built-in pages say to end users, in several languages. */
const PAGE_TEXTS = /^src\/(?:.*\/)?pages\/(?:.*\/)?texts\//;

/** The prose of a file that the rule applies to; none of any other. */
export function textsOf(file: string, read: (file: string) => string): Text[] {
  if (ROOT_DOCUMENTS.test(file) || /^(?:docs\/(?!reference\/)|examples\/).*\.md$/.test(file)) {
    return markdownTexts(read(file));
  }
  if (PAGE_TEXTS.test(file)) {
    return [];
  }
  if (/^(?:src|examples)\/.*\.ts$/.test(file)) {
    return sourceTexts(file, read(file));
  }
  return /^test\/.*\.test(?:-d)?\.ts$/.test(file) ? titleTexts(file, read(file)) : [];
}

/** Describes every avoided word: `12: "anew" (again)`. */
export function breachesIn(texts: readonly Text[]): string[] {
  return texts.flatMap(({ line, text }) => {
    const rest = ALLOWED.reduce((left, phrase) => left.replace(phrase, ' '), text);
    return AVOIDED.flatMap(([word, instead]) => {
      const [found] = word.exec(rest) ?? [];
      return found === undefined ? [] : [`${line}: "${found}" (${instead})`];
    });
  });
}
