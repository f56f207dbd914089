import { isIntegration, requirementsByTest } from './suites.js';

/** Ends a run of the unit tests with the suites that it left out, by what they need. */
export default class NotRunReporter {
  #isWatching;

  constructor({ watch, watchAll }) {
    this.#isWatching = watch || watchAll;
  }

  onRunComplete() {
    if (this.#isWatching) {
      return;
    }
    const suites = [...requirementsByTest()].filter(([, requirements]) =>
      isIntegration(requirements),
    );
    const needs = [...new Set(suites.flatMap(([, requirements]) => requirements))].sort();
    console.log(
      `Not run: ${suites.length} integration suites. To run them: npm run test:integration`,
    );
    for (const need of needs) {
      const files = suites.flatMap(([file, requirements]) =>
        requirements.includes(need) ? [file] : [],
      );
      console.log(
        `  need ${need}: ${files.map((file) => file.slice('test/'.length, -'.test.ts'.length)).join(', ')}`,
      );
    }
  }
}
