import { errorPage } from '../../scripts/docs/error-codes';
import { ERROR_CODES } from '../../src/internal/errors';
import { readSources } from '../support/import-graph';
import { readText } from '../support/package';

const CODE = /ERR_LATCHKEY_[A-Z_]+/g;
const codesIn = (text: string): string[] => [...new Set(text.match(CODE) ?? [])].sort();
const rows = [...errorPage().matchAll(/^\| `(ERR_LATCHKEY_[A-Z_]+)` +\| (\S.*) \|$/gm)];

describe('the page of error codes', () => {
  it('has a row with a meaning for every code that the source names', () => {
    const source = [...readSources().values()].join('\n');
    expect(rows.map(([, code]) => code).sort()).toEqual(codesIn(source));
  });

  it('has a row for every code that a document names', () => {
    const documents = ['CHANGELOG.md', 'docs/own-store.md', 'docs/keys.md', 'docs/errors.md'];
    const named = codesIn(documents.map(readText).join('\n'));
    expect(named.filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });
});

describe('the table of error codes', () => {
  it.each(Object.keys(ERROR_CODES))('has %s, which the source throws', (code) => {
    const throwing = [...readSources()].filter(
      ([file, text]) => file !== 'internal/errors' && text.includes(`'${code}'`),
    );
    expect(throwing.length).toBeGreaterThan(0);
  });

  it('is alphabetical', () => {
    const codes = Object.keys(ERROR_CODES);
    expect(codes).toEqual([...codes].sort());
  });
});
