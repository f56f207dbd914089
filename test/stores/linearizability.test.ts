import { setTimeout as sleep } from 'node:timers/promises';

import type { Issued } from 'latchkey';

import { type Machine, type MachineOptions, startMachine } from '../support/machines';
import { startPostgres } from '../support/postgres';
import { type Proxy, startProxy } from '../support/proxy';
import { startRedis } from '../support/redis';
import { asker, Tally } from '../support/requests';

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const STEPS = 300;
const TTL_MS = 300;
/** Clocks are read in whole milliseconds. */
const BOUND_MS = TTL_MS + 1;
const OVERLAP_MS = 200;
/** Something is done to one of these: most of the older have ended. */
const YOUNGEST = 25;
/**
 * For so many steps a key is used again and again that something was done to: for longer than
 * proofs are kept.
 */
const LATELY = 40;
/**
 * What the clocks of machines are set to, where they are: so much before or behind the true time.
 */
const CLOCKS_MS = [0, -250, 250, -1_000, 1_000, -300_000, 300_000];

/** A server for three machines, each of which has a way of its own to it. */
interface Backend {
  readonly port: number;
  /** For a machine whose way is by this port, and which perhaps hears of nothing that others do. */
  readonly optionsFor: (port: number, hears: boolean) => Omit<MachineOptions, 'ttlMs'>;
  readonly close: () => Promise<void>;
}

async function onRedis(): Promise<Backend> {
  const server = await startRedis();
  await server.command('ACL', 'SETUSER', 'deaf', 'on', 'nopass', '~*', '&*', '+@all', '-subscribe');
  const optionsFor = (port: number, hears: boolean) => ({
    store: `redis://${hears ? '' : 'deaf:-@'}127.0.0.1:${port}`,
  });
  return { port: server.port, optionsFor, close: server.stop };
}

async function onPostgres(): Promise<Backend> {
  const server = await startPostgres();
  const optionsFor = (port: number, hears: boolean) => {
    const url = server.url.replace(`:${server.port}/`, `:${port}/`);
    return { store: url, ...(hears && { listen: url }) };
  };
  return { port: server.port, optionsFor, close: server.close };
}

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

const TOO_LATE = 'accepted too late';

/** What this use breaks, once all that was going on beside it is known. */
function broken({ key, sentAt, answeredAt, status }: Use): string | undefined {
  const about = `${key.record.id}: ${status}, sent ${sentAt}, answered ${answeredAt}, ends ${key.mayEndAt} to ${key.hasEndedAt}`;
  if (status === 200 && sentAt > key.hasEndedAt + BOUND_MS) {
    return `${TOO_LATE}: ${about}`;
  }
  if (status === 401 && answeredAt < key.mayEndAt) {
    return `a good key was refused: ${about}`;
  }
  if (typeof status === 'number' && ![200, 401, 503].includes(status)) {
    return `no answer that there is: ${about}`;
  }
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

interface Conditions {
  /** How long the machines keep proofs in truth. */
  readonly ttlMs: number;
  /** Whether somebody sets their clocks meanwhile. */
  readonly clocksAreSet: boolean;
}

/**
 * What three machines do and what is done to them, by chance: what came of it, and what of that is
 * broken.
 */
async function history(open: () => Promise<Backend>, { ttlMs, clocksAreSet }: Conditions) {
  /** So far may the clocks of two machines be apart. */
  const skewMs = clocksAreSet ? Math.max(...CLOCKS_MS) - Math.min(...CLOCKS_MS) : 0;
  const random = randomFrom(SEED);
  const oneOf = <T>(things: readonly T[]) => things[Math.floor(random() * things.length)]!;
  const backend = await open();
  const sites: Site[] = [];
  for (let index = 0; index < 3; index++) {
    const proxy = await startProxy(backend.port);
    // The last hears of nothing: it has the bound alone.
    sites.push({
      proxy,
      options: { ...backend.optionsFor(proxy.port, index < 2), ttlMs },
      machine: undefined,
    });
  }
  const boot = async (site: Site) => void (site.machine = await startMachine(site.options));
  await Promise.all(sites.map(boot));

  const asking = asker();
  const keys: Known[] = [];
  /** Those that something was done to. */
  const chosen: Known[] = [];
  const uses: Use[] = [];
  const done = new Tally();
  /** What goes on while the next steps are taken. */
  const pending = new Set<Promise<unknown>>();
  const background = (act: Promise<unknown>) => {
    const ended: Promise<unknown> = act.finally(() => pending.delete(ended));
    pending.add(ended);
  };
  /**
   * Revocations of all that a subject holds. One that failed may still come to pass at any time.
   */
  const sweeps: { readonly subject: string; over: number }[] = [];
  const know = (issued: Issued, since: number) => {
    const { subject, expiresAt } = issued.record;
    const swept = sweeps.some((sweep) => sweep.subject === subject && sweep.over >= since);
    const expires = expiresAt ?? Infinity;
    keys.push({
      ...issued,
      subject,
      mayEndAt: swept ? 0 : expires - skewMs,
      hasEndedAt: expires + skewMs,
    });
  };
  const end = (ending: readonly Known[], from: number) => {
    for (const key of ending) {
      key.mayEndAt = Math.min(key.mayEndAt, from);
    }
  };
  const ended = (ending: readonly Known[], at: number) => {
    for (const key of ending) {
      key.hasEndedAt = Math.min(key.hasEndedAt, at);
    }
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
      const { value } = await machine.call('issue', {
        subject: `acct_${Math.floor(chance * 20)}`,
        scopes: ['read'],
      });
      if (value) {
        know(value, since);
      }
      done.add('issue', value ? 'done' : 'failed');
    },
    async rotate(machine, key, _site, chance) {
      const since = Date.now();
      // Without overlap it is a revocation; with one an expiry, which is by each machine's own
      // clock.
      const [overlapMs, apartMs] = chance < 0.5 ? [0, 0] : [OVERLAP_MS, skewMs];
      end([key], since + overlapMs - apartMs);
      const { value, at } = await machine.call('rotate', key.record.id, { overlapMs });
      if (value) {
        know(value, since);
        ended([key], at + overlapMs + apartMs);
      }
      done.add('rotate', value ? 'done' : 'failed or too late');
    },
    async revoke(machine, key) {
      end([key], Date.now());
      const { value, at } = await machine.call('revoke', key.record.id);
      // False is: it was revoked already.
      if (value !== undefined) {
        ended([key], at);
      }
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
      if (sites.filter((other) => other.machine).length < 2) {
        return;
      }
      site.machine = undefined;
      await machine.kill();
      done.add('crash');
      await sleep(100);
      await boot(site);
    },
    async partition(_machine, _key, { proxy }, chance) {
      if (chance < 0.5) {
        await proxy.refuse();
      } else {
        proxy.blackHole();
      }
      done.add('partition');
      await sleep(600);
      await proxy.pass();
    },
    async clock(machine, _key, _site, chance) {
      const ms = CLOCKS_MS[Math.floor(chance * CLOCKS_MS.length)]!;
      machine.setClock(ms);
      done.add('clock', ms);
    },
  };
  const weights = {
    issue: 20,
    rotate: 12,
    revoke: 25,
    revokeAll: 3,
    crash: 3,
    partition: 5,
    clock: clocksAreSet ? 30 : 0,
  };
  const choices = Object.entries(weights).flatMap(([act, weight]) =>
    Array.from({ length: weight }, () => act),
  );

  try {
    for (let made = 0; made < 20; made++) {
      await acts['issue']!(sites[0]!.machine!, keys[0]!, sites[0]!, random());
    }
    for (let step = 0; step < STEPS; step++) {
      // As many numbers for each step, whatever comes of it.
      const [site, key, act, chance] = [
        oneOf(sites),
        oneOf(keys.slice(-YOUNGEST)),
        acts[oneOf(choices)]!,
        random(),
      ];
      if (site.machine) {
        background(act(site.machine, key, site, chance));
      }
      chosen.push(key);
      // The youngest are the most often good, and one that ended lately is where a machine may be
      // behind.
      const lately = chosen.slice(-LATELY);
      const used = [key, ...keys.slice(-2), oneOf(lately), oneOf(lately), oneOf(lately)];
      for (const { machine } of sites) {
        if (machine) {
          for (const each of used) {
            background(use(each, machine));
          }
        }
      }
      await sleep(20);
    }
    while (pending.size > 0) {
      await Promise.all(pending);
    }
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
  return {
    counts: done.counts,
    seen: done.seen,
    broken: uses.map(broken).filter((found) => found !== undefined),
  };
}

describe.each([
  ['Redis', onRedis],
  ['PostgreSQL', onPostgres],
])('three machines on %s', (name, open) => {
  it.each([
    ['through outages', false],
    ['through outages and changes of the clocks', true],
  ])(
    'accept no key later than the bound after its end, and reject no valid one, %s',
    async (what, clocksAreSet) => {
      const { counts, seen, broken } = await history(open, { ttlMs: TTL_MS, clocksAreSet });
      console.log(`${name}, ${what}, SEED=${SEED}: ${JSON.stringify(counts)}`);
      expect({ seed: SEED, broken }).toEqual({ seed: SEED, broken: [] });
      expect(seen).toEqual(
        expect.arrayContaining([
          'crash',
          'partition',
          'revoke true',
          'rotate done',
          'use 200',
          'use 401',
          'use 503',
        ]),
      );
      expect(seen.includes('clock -300000')).toBe(clocksAreSet);
    },
    60_000,
  );

  it('are detected if they keep proofs for longer than they claim', async () => {
    const { broken } = await history(open, { ttlMs: 60_000, clocksAreSet: false });
    expect(broken).toContainEqual(expect.stringContaining(TOO_LATE));
    expect(broken.filter((found) => !found.startsWith(TOO_LATE))).toEqual([]);
  }, 60_000);
});
