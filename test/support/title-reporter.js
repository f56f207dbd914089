const MAX_LENGTH = 120;

/**
 * Fails a run in which a test has a title of more than 120 characters, or the title of another test
 * of its file. Titles of tables are checked as they are printed.
 */
export default class TitleReporter {
  #baseline;
  #rootDir;
  #errors = [];

  /** `baseline` lists the files that do not keep the rule yet. */
  constructor({ rootDir }, { baseline = [] } = {}) {
    this.#rootDir = rootDir;
    this.#baseline = baseline;
  }

  onTestResult({ path }, { testResults }) {
    const file = path.slice(this.#rootDir.length + 1);
    if (!this.#baseline.includes(file)) {
      this.#errors.push(...titleErrors(testResults).map((error) => `${file}: ${error}`));
    }
  }

  /** Jest fails the run with this error. */
  getLastError() {
    return this.#errors.length > 0 ? new Error(`Test titles:\n${this.#errors.join('\n')}`) : undefined;
  }
}

/** What is wrong with the titles of one file. */
export function titleErrors(tests) {
  const seen = new Set();
  return tests.flatMap(({ title, fullName }) => {
    const errors = [];
    if (title.length > MAX_LENGTH) {
      errors.push(`${title.length} characters, at most ${MAX_LENGTH}: ${title.slice(0, 80)}…`);
    }
    if (seen.has(fullName)) {
      errors.push(`two tests are named: ${fullName}`);
    }
    seen.add(fullName);
    return errors;
  });
}
