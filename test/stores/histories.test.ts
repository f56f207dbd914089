import type { Issued } from 'latchkey';
import { setTimeout as sleep } from 'node:timers/promises';
import { startMachine, type Machine, type MachineOptions } from '../support/machines';
import { startPostgres } from '../support/postgres';
import { startProxy, type Proxy } from '../support/proxy';
import { startRedis } from '../support/redis';
import { asker, Tally } from '../support/requests';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const STEPS = 300;
const TTL_MS = 300;
/** Clocks are read in whole milliseconds. */
const BOUND_MS = TTL_MS + 1;
const OVERLAP_MS = 200;

const BACKENDS = {
  async Redis() {
    const server = await startRedis();
    return { port: server.port, optionsFor: (port: number) => ({ store: `redis://127.0.0.1:${port}`, ttlMs: TTL_MS }), close: server.stop };
  },
  async PostgreSQL() {
    const server = await startPostgres();
    const optionsFor = (port: number) => {
      const url = server.url.replace(`:${server.port}/`, `:${port}/`);
      return { store: url, listen: url, ttlMs: TTL_MS };
    };
    return { port: server.port, optionsFor, close: server.close };
  },
};

/** A machine with its own way to the store; it may be down. */
interface Site {
  readonly proxy: Proxy;
  readonly options: MachineOptions;
  machine: Machine | undefined;
}

/** What is known for sure of a key. */
interface Known extends Issued {
  readonly subject: string;
  /** From then on it may be refused: somebody began to end it. */
  mayEndAt: number;
  /** From then on it has ended: whoever ended it knows. */
  hasEndedAt: number;
}

interface Use {
  readonly key: Known;
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly status: number | string;
}

/** What this use breaks, once all that was going on beside it is known. */
function broken({ key, sentAt, answeredAt, status }: Use): string | undefined {
  const about = `${key.record.id}: ${status}, sent ${sentAt}, answered ${answeredAt}, ends ${key.mayEndAt} to ${key.hasEndedAt}`;
  if (status === 200 && sentAt > key.hasEndedAt + BOUND_MS) return `accepted too late: ${about}`;
  if (status === 401 && answeredAt < key.mayEndAt) return `a good key was refused: ${about}`;
  if (typeof status === 'number' && ![200, 401, 503].includes(status)) return `no answer that there is: ${about}`;
  return undefined;
}

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

it.each(Object.entries(BACKENDS))(
  'three machines on %s accept no key later than its end and the bound, and refuse no good one, whatever happens',
  async (name, open) => {
    const random = randomFrom(SEED);
    const oneOf = <T>(things: readonly T[]) => things[Math.floor(random() * things.length)]!;
    const backend = await open();
    const sites: Site[] = [];
    for (let index = 0; index < 3; index++) {
      const proxy = await startProxy(backend.port);
      sites.push({ proxy, options: backend.optionsFor(proxy.port), machine: undefined });
    }
    const boot = async (site: Site) => void (site.machine = await startMachine(site.options));
    await Promise.all(sites.map(boot));

    const asking = asker();
    const keys: Known[] = [];
    const uses: Use[] = [];
    const done = new Tally();
    /** What goes on while the next steps are taken. */
    const pending = new Set<Promise<unknown>>();
    const background = (act: Promise<unknown>) => {
      const ended: Promise<unknown> = act.finally(() => pending.delete(ended));
      pending.add(ended);
    };
    /** Revocations of all that a subject holds. One that failed may still come to pass at any time. */
    const sweeps: { readonly subject: string; over: number }[] = [];
    const know = (issued: Issued, since: number) => {
      const { subject } = issued.record;
      const swept = sweeps.some((sweep) => sweep.subject === subject && sweep.over >= since);
      keys.push({ ...issued, subject, mayEndAt: swept ? 0 : Infinity, hasEndedAt: Infinity });
    };
    const end = (ending: readonly Known[], from: number) => {
      for (const key of ending) key.mayEndAt = Math.min(key.mayEndAt, from);
    };
    const ended = (ending: readonly Known[], at: number) => {
      for (const key of ending) key.hasEndedAt = Math.min(key.hasEndedAt, at);
    };

    const use = async (key: Known, machine: Machine) => {
      const sentAt = Date.now();
      const status = await asking.ask(machine.port, key.secret);
      uses.push({ key, sentAt, answeredAt: Date.now(), status });
      done.add('use', status);
    };
    type Act = (machine: Machine, key: Known, site: Site, chance: number) => Promise<unknown>;
    const acts: Readonly<Record<string, Act>> = {
      async issue(machine, _key, _site, chance) {
        const since = Date.now();
        const { value } = await machine.call('issue', { subject: `acct_${Math.floor(chance * 20)}`, scopes: ['read'] });
        if (value) know(value, since);
        done.add('issue', value ? 'done' : 'failed');
      },
      async rotate(machine, key) {
        const since = Date.now();
        end([key], since + OVERLAP_MS);
        const { value, at } = await machine.call('rotate', key.record.id, { overlapMs: OVERLAP_MS });
        if (value) {
          know(value, since);
          ended([key], at + OVERLAP_MS);
        }
        done.add('rotate', value ? 'done' : 'failed or too late');
      },
      async revoke(machine, key) {
        end([key], Date.now());
        const { value, at } = await machine.call('revoke', key.record.id);
        // False is: it was revoked already.
        if (value !== undefined) ended([key], at);
        done.add('revoke', `${value ?? 'failed'}`);
      },
      async revokeAll(machine, { subject }) {
        const known = keys.filter((key) => key.subject === subject);
        const sweep = { subject, over: Infinity };
        sweeps.push(sweep);
        end(known, Date.now());
        const { value, at } = await machine.call('revokeAll', { subject });
        if (value !== undefined) {
          ended(known, at);
          sweep.over = Date.now();
        }
        done.add('revokeAll', value === undefined ? 'failed' : 'done');
      },
      async crash(machine, _key, site) {
        if (sites.filter((other) => other.machine).length < 2) return;
        site.machine = undefined;
        await machine.kill();
        done.add('crash');
        await sleep(100);
        await boot(site);
      },
      async partition(_machine, _key, { proxy }, chance) {
        if (chance < 0.5) await proxy.refuse();
        else proxy.blackHole();
        done.add('partition');
        await sleep(600);
        await proxy.pass();
      },
    };
    const WEIGHTS = { issue: 20, rotate: 12, revoke: 25, revokeAll: 3, crash: 2, partition: 5 };
    const choices = Object.entries(WEIGHTS).flatMap(([act, weight]) => Array.from({ length: weight }, () => act));

    try {
      for (let made = 0; made < 20; made++) await acts['issue']!(sites[0]!.machine!, keys[0]!, sites[0]!, random());
      for (let step = 0; step < STEPS; step++) {
        // As many numbers for each step, whatever comes of it.
        const [site, key, act, chance] = [oneOf(sites), oneOf(keys), acts[oneOf(choices)]!, random()];
        if (site.machine) background(act(site.machine, key, site, chance));
        // The youngest are the most often good, and one that was just ended is where a machine may be behind.
        for (const { machine } of sites) if (machine) for (const used of [key, ...keys.slice(-4)]) background(use(used, machine));
        await sleep(20);
      }
      while (pending.size > 0) await Promise.all(pending);
      await sleep(BOUND_MS + 1);
      await Promise.all(keys.flatMap((key) => sites.map(({ machine }) => use(key, machine!))));
    } finally {
      asking.close();
      for (const { machine, proxy } of sites) {
        await machine?.kill();
        await proxy.close();
      }
      await backend.close();
    }
    console.log(`${name}, SEED=${SEED}: ${JSON.stringify(done.counts)}`);
    expect({ seed: SEED, broken: uses.map(broken).filter(Boolean) }).toEqual({ seed: SEED, broken: [] });
    expect(done.seen).toEqual(
      expect.arrayContaining(['crash', 'partition', 'revoke true', 'rotate done', 'use 200', 'use 401', 'use 503']),
    );
  },
  60_000,
);
