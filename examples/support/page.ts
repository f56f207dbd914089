import type { Response } from 'express';

class Html {
  constructor(readonly text: string) {}
}
type Value = string | Html | readonly Html[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const rendered = (value: Value): string => {
  if (typeof value === 'string') {
    return value.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
  }
  return value instanceof Html ? value.text : value.map(rendered).join('');
};

/** Builds HTML. Every value that is not HTML itself is escaped. */
export const markup = (strings: TemplateStringsArray, ...values: readonly Value[]): Html =>
  new Html(
    strings.reduce((text, string, index) => text + rendered(values[index - 1] as Value) + string),
  );

/**
 * Sends a page that runs no scripts, cannot be framed and is not cached, because it may show a
 * secret.
 */
export function sendPage(res: Response, title: string, content: Html): void {
  res.set('Cache-Control', 'no-store');
  res.set(
    'Content-Security-Policy',
    "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  );
  res.type('html').send(
    markup`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title>
<h1>${title}</h1>
${content}
</html>
`.text,
  );
}
