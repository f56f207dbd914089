import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { isObject } from '../internal/type-guards';
import { type Latchkey, latchkey } from '../latchkey';
import { apiKeys } from '../verifiers/api-keys';
import { openStore } from './open-store';
import { type StoreOptions, storeTarget } from './store-options';
import { CommandError, type Terminal, usageError } from './terminal';

export interface ExplainOptions extends StoreOptions {
  readonly config?: string;
  readonly prefix?: string;
  readonly scope?: readonly string[];
  readonly json?: boolean;
}

type Guards = Pick<Latchkey, 'check' | 'close'>;

/** Opens the guards that the options name: those of a module, or guards of API keys in a store. */
export async function openGuards(
  { config, prefix, ...options }: ExplainOptions,
  { env }: Terminal,
): Promise<Guards> {
  if (config !== undefined) {
    return loadGuards(config);
  }
  if ((options.store ?? env.LATCHKEY_STORE) === undefined || prefix === undefined) {
    throw usageError(
      'nothing to check the request against: pass --config, or --store and --prefix (or LATCHKEY_STORE and LATCHKEY_PREFIX)',
    );
  }
  const opened = await openStore(storeTarget(options, env));
  // With a store that can only find records, no usage is counted.
  const reader = { find: (digest: string) => opened.store.find(digest) };
  const guards = latchkey({ verifiers: [apiKeys({ prefix, store: reader })], timeoutMs: 5_000 });
  return {
    check: guards.check,
    async close() {
      await guards.close();
      await opened.close();
    },
  };
}

async function loadGuards(path: string): Promise<Guards> {
  const exported = await importModule(path);
  const candidates: readonly unknown[] = [exported, ...Object.values<unknown>(exported)];
  const guards = candidates.find(isGuards);
  if (!guards) {
    throw new CommandError(
      `${path} exports no check function: add "export const { check, requireScopes } = latchkey({ … })" to it`,
    );
  }
  return { check: guards.check, close: async () => guards.close?.() };
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError(`${path} could not be loaded: ${message}`, { cause });
  }
}

const isGuards = (value: unknown): value is Pick<Latchkey, 'check'> & Partial<Guards> =>
  isObject(value) && typeof value.check === 'function';
