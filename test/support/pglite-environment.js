import { PGlite } from '@electric-sql/pglite';
import { TestEnvironment } from 'jest-environment-node';

/**
 * Hands PGlite to a test from outside of Jest's own module loader, which cannot import
 * WebAssembly's helpers on demand.
 */
export default class PGliteEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.PGlite = PGlite;
  }
}
