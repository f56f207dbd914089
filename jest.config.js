export default {
  testEnvironment: 'node',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.js'],
  setupFilesAfterEnv: ['<rootDir>/test/support/jest.setup.ts'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // These are ESM only.
  transformIgnorePatterns: [
    '/node_modules/(?!(jose|kysely29|oauth4webapi|oidc-provider|openid-client)/)',
  ],
  moduleNameMapper: {
    '^latchkey$': '<rootDir>/src/index.ts',
    '^latchkey/authorization-server$': '<rootDir>/src/authorization-server/index.ts',
    '^latchkey/introspection$': '<rootDir>/src/verifiers/introspection/index.ts',
    '^latchkey/redis$': '<rootDir>/src/stores/redis/index.ts',
    '^latchkey/sql$': '<rootDir>/src/stores/sql/index.ts',
    '^latchkey/testing$': '<rootDir>/src/testing/index.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};
