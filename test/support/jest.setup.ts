// Real servers share this machine with the tests, and stores have deadlines of a second: a busy
// moment may make a reply late. A defect fails three times, and the first failures are printed.
const SERVER_SUITES =
  /[\\/]test[\\/](stores[\\/](faults|linearizability|multi-instance|redis-(?!connection)|revoked-jwts|sql-(mariadb|notifications|outage|postgres))|two-processes)/;
if (SERVER_SUITES.test(expect.getState().testPath ?? '')) {
  jest.retryTimes(2, { logErrorsBeforeRetry: true });
}
