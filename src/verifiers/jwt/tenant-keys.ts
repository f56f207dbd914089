import { LRUCache } from 'lru-cache';

import { codedError } from '../../internal/errors';
import { andThen } from '../../internal/promises';
import type { KeySource, VerificationKey } from './keys';

/**
 * How many new tenants may be looked up without success in one cooldown. With more, most
 * are fake.
 */
const MAX_WITHOUT_KEYS = 256;

interface TenantLimits {
  readonly cooldownMs: number;
  /** The number of tenants whose keys are cached. */
  readonly maxIssuers: number;
}

/**
 * Caches the keys of each tenant. Tenants that have keys are cached apart from those that have none
 * yet, so that a flood of fake tenants cannot evict them.
 */
export class TenantKeys {
  readonly #create: (iss: string) => KeySource;
  readonly #cooldownMs: number;
  readonly #withKeys: LRUCache<string, KeySource>;
  readonly #withoutKeys = new LRUCache<string, KeySource>({ max: MAX_WITHOUT_KEYS });
  /** Look-ups without success since `#countedSince`. */
  #attempts = 0;
  #countedSince = -Infinity;

  constructor(create: (iss: string) => KeySource, { cooldownMs, maxIssuers }: TenantLimits) {
    this.#create = create;
    this.#cooldownMs = cooldownMs;
    this.#withKeys = new LRUCache({ max: maxIssuers });
  }

  /** @throws {Error} `ERR_LATCHKEY_OVERLOADED` if too many new tenants are looked up at once */
  get(iss: string): KeySource {
    const known = this.#withKeys.get(iss);
    if (known) {
      return known;
    }
    const source = this.#withoutKeys.get(iss) ?? this.#add(iss);
    return {
      candidates: (algorithm, kid) =>
        andThen(source.candidates(algorithm, kid), (keys) => this.#recordKeys(iss, source, keys)),
    };
  }

  #add(iss: string): KeySource {
    const now = Date.now();
    if (now >= this.#countedSince + this.#cooldownMs || now < this.#countedSince) {
      this.#countedSince = now;
      this.#attempts = 0;
    }
    if (this.#attempts >= MAX_WITHOUT_KEYS) {
      throw codedError('ERR_LATCHKEY_OVERLOADED', 'Too many new issuers at once');
    }
    this.#attempts++;
    const source = this.#create(iss);
    this.#withoutKeys.set(iss, source);
    return source;
  }

  /** Moves a tenant to those with keys when it has some. */
  #recordKeys(
    iss: string,
    source: KeySource,
    keys: readonly VerificationKey[],
  ): readonly VerificationKey[] {
    if (keys.length > 0 && this.#withoutKeys.delete(iss)) {
      this.#withKeys.set(iss, source);
      this.#attempts--;
    }
    return keys;
  }
}
