import base from './jest.config.js';
import { isIntegration, missingRequirements, requirementsByTest } from './test/support/suites.js';

const suites = [...requirementsByTest()].filter(
  ([, requirements]) =>
    isIntegration(requirements) && missingRequirements(requirements).length === 0,
);

/** The tests that need servers, programs or a registry, as far as this machine has them. */
export default { ...base, testMatch: suites.map(([file]) => `<rootDir>/${file}`) };
