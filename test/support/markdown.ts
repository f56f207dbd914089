import { posix } from 'node:path';

interface Block {
  readonly language: string;
  readonly text: string;
  /** Where its text begins in the document. */
  readonly line: number;
}

/** The fenced blocks of a document, those indented in lists included. */
function fencedBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let open:
    { indent: number; fence: string; language: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split('\n').entries()) {
    if (open && line.trim() === open.fence) {
      blocks.push({
        language: open.language,
        text: open.lines.map((text) => `${text}\n`).join(''),
        line: open.line,
      });
      open = undefined;
    } else if (open) {
      open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    } else {
      const [, indent, fence, language] = /^( *)(```+|~~~+)(\w*)/.exec(line) ?? [];
      if (fence) {
        open = {
          indent: indent?.length ?? 0,
          fence,
          language: language ?? '',
          line: index + 2,
          lines: [],
        };
      }
    }
  }
  if (open) {
    throw new Error(`The block at line ${open.line} has no end`);
  }
  return blocks;
}

export type Step =
  | { readonly does: 'start'; readonly line: number; readonly command: string }
  | { readonly does: 'ask'; readonly line: number; readonly curl: string; readonly status: number }
  | { readonly does: 'show'; readonly line: number; readonly answer: string };

export interface Instructions {
  /** File name → text. */
  readonly files: Readonly<Record<string, string>>;
  /** What the reader does with them, in order. */
  readonly steps: readonly Step[];
  /** npm scripts that the document names. */
  readonly scripts: readonly string[];
  /** What cannot be understood. */
  readonly faults: readonly string[];
}

/**
 * What a document tells its reader to write and to do:
 *
 * - `ts` and `js` blocks are files. The first line names the file: `// app.ts`. A block without
 *   that line continues the file above it.
 * - `sh` blocks start these files (`npx tsx app.ts`, `node app.js`) and ask them: `curl
 *   localhost:3000/…  # 401: no key`.
 *   `$NAME` in a curl line is what the program printed as `NAME=…`. Starting a program stops the
 * one before it, and gives it
 *   what lines above it export. `npx latchkey …` is run to its end likewise.
 *   Port 3000 stands for a free one, so durations are written `3_000`.
 * - An `http` block shows the answer to the curl line above it; headers may be left out, and `…`
 *   stands for anything.
 * - `json` blocks are JSON. Blocks of other languages are for the eyes alone.
 */
export function instructionsOf(markdown: string): Instructions {
  const files: Record<string, string> = {};
  const steps: Step[] = [];
  const scripts: string[] = [];
  const faults: string[] = [];
  const current: Record<string, string> = {};
  const exported: string[] = [];

  const addCode = ({ language, text, line }: Block) => {
    const name = /^\/\/ ([\w./-]+\.[cm]?[jt]s)\n/.exec(text)?.[1];
    if (name !== undefined && name in files) {
      faults.push(`line ${line}: ${name} is there already`);
    }
    const file = name ?? current[language];
    if (file === undefined) {
      return faults.push(`line ${line}: names no file, and there is none above it to continue`);
    }
    files[file] = name === undefined ? `${files[file]}\n${text}` : text;
    current[language] = file;
  };
  const addCommand = (command: string, line: number) => {
    if (command.startsWith('export ')) {
      exported.push(command);
    }
    if (/^(npx (tsx|latchkey)|node) /.test(command)) {
      steps.push({ does: 'start', line, command: [...exported, command].join('; ') });
    }
    if (command.startsWith('curl ')) {
      const status = / # (\d{3})\b/.exec(command)?.[1];
      if (status) {
        steps.push({ does: 'ask', line, curl: command, status: Number(status) });
      } else {
        faults.push(`line ${line}: says no status: ${command}`);
      }
    }
    for (const [, run, other] of command.matchAll(/\bnpm (?:run ([\w:-]+)|(test|start))\b/g)) {
      scripts.push((run ?? other) as string);
    }
  };
  const addCommands = ({ text, line }: Block) => {
    let command = '';
    for (const [index, part] of text.split('\n').entries()) {
      command += part.replace(/\\$/, '');
      if (part.endsWith('\\')) {
        continue;
      }
      addCommand(command, line + index);
      command = '';
    }
  };
  for (const block of fencedBlocks(markdown)) {
    if (block.language === 'ts' || block.language === 'js') {
      addCode(block);
    }
    if (block.language === 'sh') {
      addCommands(block);
    }
    if (block.language === 'http') {
      steps.push({ does: 'show', line: block.line, answer: block.text });
    }
    if (block.language === 'json') {
      try {
        JSON.parse(block.text);
      } catch (error) {
        faults.push(`line ${block.line}: ${(error as Error).message}`);
      }
    }
  }
  return { files, steps, scripts, faults };
}

/**
 * Packages that the code of a document imports, though neither the document nor the README tells
 * the reader to install them. Files below
 * `before/` are the reader's old code.
 */
export function uninstalledPackages(markdown: string): string[] {
  const { files } = instructionsOf(markdown);
  const installs = [...markdown.matchAll(/^ *npm (?:install|i) (.+)$/gm)].flatMap(
    ([, names = '']) => names.split(' ').map((name) => name.replace(/(?<=.)@.*$/, '')),
  );
  const known = new Set(['latchkey', 'express', ...installs]);
  const code = Object.entries(files).flatMap(([name, text]) =>
    name.startsWith('before/') ? [] : [text],
  );
  const imported = code.flatMap((text) => [
    ...text.matchAll(/(?:from|import|import\() ?'((?:@[\w-]+\/)?[a-z][\w-]*)(?=['/])/g),
  ]);
  return [...new Set(imported.map(([, name]) => name as string))].filter(
    (name) => !known.has(name),
  );
}

/** Links to files that are not there, or to headings that these do not have. */
export function brokenLinks(
  document: string,
  markdown: string,
  read: (path: string) => string | undefined,
): string[] {
  const links = [...proseOf(markdown).matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)].map(
    ([, link]) => link as string,
  );
  return links.filter((link) => {
    const [path, anchor] = link.split('#');
    const target = path ? read(posix.join(posix.dirname(document), path)) : markdown;
    return target === undefined || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

const proseOf = (markdown: string) => markdown.replace(/^( *)(```+|~~~+)[^]*?^\1\2$/gm, '');

/**
 * What links can name in a document: headings in the form in which links name them, numbered where
 * they are repeated, and explicit anchors.
 */
function anchorsOf(markdown: string): string[] {
  const seen = new Map<string, number>();
  const headings = [...proseOf(markdown).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  const explicit = [...markdown.matchAll(/<a id="([^"]+)">/g)].map(([, id]) => id as string);
  return [...headings, ...explicit];
}
