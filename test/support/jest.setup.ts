// Stores have deadlines of their own, and real servers share this machine with the tests: a busy
// moment may make one late. What is wrong is wrong three times, and the first failures are printed.
if (/[\\/]test[\\/](stores[\\/]|two-processes)/.test(expect.getState().testPath ?? '')) {
  jest.retryTimes(2, { logErrorsBeforeRetry: true });
}
