import { appendFileSync } from 'node:fs';

/**
 * Ends a run with one plain line, and appends it to the file that TEST_SUMMARY names: .ci/run adds
 * up several runs.
 */
export default class SummaryReporter {
  onRunComplete(
    _contexts,
    { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests },
  ) {
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    const line = `${numPassedTests} passed, ${Math.max(numFailedTests, numFailedTestSuites)} failed${skipped}`;
    console.log(line);
    if (process.env.TEST_SUMMARY) {
      appendFileSync(process.env.TEST_SUMMARY, `${line}\n`);
    }
  }
}
