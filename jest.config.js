export default {
  testEnvironment: 'node',
  reporters: [
    'default',
    '<rootDir>/test/support/title-reporter.js',
    '<rootDir>/test/support/summary-reporter.js',
  ],
  setupFilesAfterEnv: ['<rootDir>/test/support/jest.setup.ts'],
  // Ends a test that hangs. On a busy machine the default of five seconds ends others, too.
  testTimeout: 30_000,
  // Jest leaves one core of a machine idle, which is half of a machine with two.
  maxWorkers: '100%',
  // A worker keeps part of each suite's modules in its heap: a new one is cheaper than the garbage.
  workerIdleMemoryLimit: '768MB',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
    ],
  },
  // These are ESM only.
  transformIgnorePatterns: [
    '/node_modules/(?!(@apidevtools/json-schema-ref-parser|cookie|jose|light-my-request|kysely29|oauth4webapi|oidc-provider|openid-client)/)',
  ],
  moduleNameMapper: {
    '^latchkey$': '<rootDir>/src/index.ts',
    '^latchkey/authorization-server$': '<rootDir>/src/authorization-server/index.ts',
    '^latchkey/management$': '<rootDir>/src/management/index.ts',
    '^latchkey/(fastify|forward-auth|nestjs|openapi|opentelemetry|web)$':
      '<rootDir>/src/integrations/$1.ts',
    '^latchkey/introspection$': '<rootDir>/src/verifiers/introspection/index.ts',
    '^latchkey/redis$': '<rootDir>/src/stores/redis/index.ts',
    '^latchkey/sql$': '<rootDir>/src/stores/sql/index.ts',
    '^latchkey/testing$': '<rootDir>/src/testing/index.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
};
