import { apiKeys, latchkey, memoryStore } from 'latchkey';

/** An instance whose own guards a test does not use. */
export const someGuards = latchkey({
  verifiers: [apiKeys({ prefix: 'acme', store: memoryStore() })],
});
