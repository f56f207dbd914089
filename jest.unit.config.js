import base from './jest.config.js';
import { isIntegration, requirementsByTest } from './test/support/suites.js';

const escaped = (file) => `/${file.replaceAll('.', '\\.')}$`;
const integration = [...requirementsByTest()].filter(([, requirements]) =>
  isIntegration(requirements),
);

/** The tests that need Node and nothing else. */
export default {
  ...base,
  reporters: [...base.reporters, '<rootDir>/test/support/not-run-reporter.js'],
  testPathIgnorePatterns: ['/node_modules/', ...integration.map(([file]) => escaped(file))],
};
