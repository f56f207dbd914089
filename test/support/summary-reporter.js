/** Ends a run with one plain line, for readers that know no runner. */
export default class ClosingLine {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests }) {
    const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : '';
    console.log(`${numPassedTests} passed, ${Math.max(numFailedTests, numFailedTestSuites)} failed${skipped}`);
  }
}
