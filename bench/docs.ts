import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

import { format, resolveConfig } from 'prettier';

import { printed, type Table } from './harness/report';

interface Result {
  readonly node: string;
  readonly tables: readonly Table[];
}

const PAGES = ['../docs/performance.md', '../docs/stores.md'];
/**
 * `<!-- bench: guards -->` marks the place for the tables of all results of that name, and `<!--
 * bench: guards, Node 24 -->` for those of one version.
 */
const PLACE = /(<!-- bench: (\w+)(?:, Node (\d+))? -->\n)[^]*?(<!-- end -->)/g;

/** Writes the tables of `results/` into the documentation. */
for (const page of PAGES) {
  const path = new URL(page, import.meta.url);
  const text = readFileSync(path, 'utf8').replace(
    PLACE,
    (whole, start: string, name: string, major: string | undefined, end: string) => {
      const results = resultsOf(name).filter(
        ({ node }) => major === undefined || majorOf(node) === major,
      );
      return results.length === 0 ? whole : `${start}\n${tablesOf(results)}\n${end}`;
    },
  );
  const options = await resolveConfig(path);
  writeFileSync(path, await format(text, { ...options, parser: 'markdown' }));
}

function resultsOf(name: string): readonly Result[] {
  const folder = new URL('results/', import.meta.url);
  return readdirSync(folder)
    .filter((file) => file.startsWith(`${name}-node-`))
    .sort()
    .map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Result);
}

/** Merges the tables of all Node versions into one, with columns for each. */
function tablesOf(results: readonly Result[]): string {
  const [first] = results;
  const merged = (first?.tables ?? []).map((table, index): Table => {
    const tables = results.flatMap(({ node, tables: all }) => ({
      node,
      table: all[index] as Table,
    }));
    return {
      title: `_${table.title}._`,
      columns: [
        table.columns[0] as string,
        ...tables.flatMap(({ node, table: one }) =>
          one.columns.slice(1).map((column) => `Node ${majorOf(node)}: ${column}`),
        ),
      ],
      rows: table.rows.map(([name = '', ...cells]) => [
        name,
        ...tables.flatMap(
          ({ table: one }) =>
            one.rows.find(([other]) => other === name)?.slice(1) ?? cells.map(() => ''),
        ),
      ]),
    };
  });
  return merged.map(printed).join('\n');
}

function majorOf(node: string): string {
  return node.split('.')[0] as string;
}
