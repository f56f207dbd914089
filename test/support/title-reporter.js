const MAX_LENGTH = 120;

/**
 * Fails a run if a test has a title of more than 120 characters, or the full name of another test
 * in its file. The titles of tables are checked as they are printed.
 */
export default class TitleReporter {
  #rootDir;
  #errors = [];

  constructor({ rootDir }) {
    this.#rootDir = rootDir;
  }

  onTestResult({ path }, { testResults }) {
    const file = path.slice(this.#rootDir.length + 1);
    this.#errors.push(...titleErrors(testResults).map((error) => `${file}: ${error}`));
  }

  onRunComplete() {
    for (const error of this.#errors) {
      console.error(error);
    }
  }

  /** Jest fails a run in which a reporter has an error. */
  getLastError() {
    return this.#errors.length > 0 ? new Error(this.#errors.join('\n')) : undefined;
  }
}

/** What is wrong with the titles of the tests of one file. */
export function titleErrors(tests) {
  const seen = new Set();
  return tests.flatMap(({ title, fullName }) => {
    const isLong = title.length > MAX_LENGTH;
    const isRepeated = seen.has(fullName);
    seen.add(fullName);
    return [
      ...(isLong ? [`the title has ${title.length} characters: ${title.slice(0, 60)}…`] : []),
      ...(isRepeated ? [`the name of two tests is: ${fullName.slice(0, MAX_LENGTH)}`] : []),
    ];
  });
}
