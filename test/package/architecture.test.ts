import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { importGraph, readSources } from '../support/import-graph';
import { readText, ROOT } from '../support/package';

const text = readText('ARCHITECTURE.md');
const roomOf = (file: string) => file.split('/')[0] as string;

/** Rooms in the order of the table, those of one line together. */
const FLOORS = [...text.matchAll(/^\| ((?:`[\w-]+` *)+)\| /gm)].map(([, rooms = '']) =>
  [...rooms.matchAll(/`([\w-]+)`/g)].map(([, room]) => room as string),
);

/** "`name` in `path`" and "`name` (`path`)". */
const REFERENCES = [...text.matchAll(/`(\w+)(?:\(\))?` (?:in |\()`((?:src|test)\/[\w./-]+)`/g)].map(
  ([, name, path]) => [name, path] as [string, string],
);

const declares = (source: string, name: string): boolean =>
  [
    String.raw`\b(?:function\*?|class|interface|type|const) ${name}\b`,
    String.raw`^\s+(?:readonly |async |get )*${name}\??(?:<[^>]*>)?[(:]`,
    String.raw`^export \{[^}]*\b${name}\b`,
  ].some((pattern) => new RegExp(pattern, 'm').test(source));

describe('ARCHITECTURE.md', () => {
  it('names files and folders that exist', () => {
    const paths = [...text.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(
      ([, path]) => path as string,
    );
    expect(paths.length).toBeGreaterThan(30);
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('names functions and types that the named files declare', () => {
    expect(REFERENCES.length).toBeGreaterThan(30);
    expect(REFERENCES.filter(([name, path]) => !declares(readText(path), name))).toEqual([]);
  });

  it('has at least one name in a file for every question', () => {
    const answers = text.split(/^### /m).slice(1);
    expect(answers.length).toBeGreaterThanOrEqual(10);
    expect(answers.filter((answer) => !/`\w+(?:\(\))?` (?:in |\()`src\//.test(answer))).toEqual([]);
  });

  it('lists every room of src', () => {
    const rooms = new Set([...readSources().keys()].map(roomOf));
    expect(FLOORS.flat().sort()).toEqual([...rooms].sort());
  });

  it('lists rooms above those that they import from', () => {
    const floorOf = (file: string) => FLOORS.findIndex((rooms) => rooms.includes(roomOf(file)));
    const upward = [...importGraph(readSources())].flatMap(([file, { files }]) =>
      files
        .filter((other) => roomOf(file) !== roomOf(other) && floorOf(file) >= floorOf(other))
        .map((other) => `${file} → ${other}`),
    );
    expect(upward).toEqual([]);
  });

  it('would not pass with a name that no file declares', () => {
    const source =
      'export function locate() {}\nexport { find } from "./find";\n  readonly accepts?: boolean;\n';
    expect(['locate', 'find', 'accepts'].map((name) => declares(source, name))).toEqual([
      true,
      true,
      true,
    ]);
    expect(['loc', 'from', 'boolean'].map((name) => declares(source, name))).toEqual([
      false,
      false,
      false,
    ]);
  });
});
