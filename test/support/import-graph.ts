import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

import ts from 'typescript';

/** Path below `src`, without `.ts` → the text of the file. */
export type Sources = ReadonlyMap<string, string>;

export interface Imports {
  /** Files of `src`. */
  readonly files: readonly string[];
  /** Packages, by their bare names; Node's own modules are left out. */
  readonly packages: readonly string[];
}

const SRC = join(__dirname, '../../src');

export function readSources(): Sources {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return new Map(
    files
      .sort()
      .map((file) => [
        file.replaceAll('\\', '/').slice(0, -3),
        readFileSync(join(SRC, file), 'utf8'),
      ]),
  );
}

/** What each file imports: types, re-exports, `import()` and `require()` included. */
export function importGraph(sources: Sources): ReadonlyMap<string, Imports> {
  return new Map([...sources].map(([file, text]) => [file, importsOf(file, text, sources)]));
}

function importsOf(file: string, text: string, sources: Sources): Imports {
  const specifiers = ts
    .preProcessFile(text, true, true)
    .importedFiles.map(({ fileName }) => fileName);
  const relative = specifiers.filter(
    (specifier) => specifier.startsWith('.') && !specifier.endsWith('.json'),
  );
  const bare = specifiers.filter(
    (specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'),
  );
  return {
    files: relative.map((specifier) => {
      const path = posix.join(dirname(file), specifier).replace(/\.[jt]s$/, '');
      return sources.has(path) ? path : posix.join(path, 'index');
    }),
    packages: bare.map((specifier) => /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier),
  };
}

/** Every file that `entry` reaches, itself included. */
export function reachedFrom(
  entry: string,
  graph: ReadonlyMap<string, Imports>,
): ReadonlySet<string> {
  const reached = new Set([entry]);
  for (const file of reached) {
    for (const next of graph.get(file)?.files ?? []) {
      reached.add(next);
    }
  }
  return reached;
}

/** The first circle of imports, as a path that ends where it began. */
export function findCycle(graph: ReadonlyMap<string, Imports>): readonly string[] | undefined {
  const done = new Set<string>();
  const follow = (file: string, path: readonly string[]): readonly string[] | undefined => {
    if (path.includes(file)) {
      return [...path.slice(path.indexOf(file)), file];
    }
    if (done.has(file)) {
      return undefined;
    }
    for (const next of graph.get(file)?.files ?? []) {
      const cycle = follow(next, [...path, file]);
      if (cycle) {
        return cycle;
      }
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = follow(file, []);
    if (cycle) {
      return cycle;
    }
  }
  return undefined;
}
