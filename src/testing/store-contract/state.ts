import type { StateStore } from '../../stores/store';
import { atOnce, demand, sleep, type Cases, type OpenedStore } from './contract';
import { ODD_TEXTS, unique } from './samples';

const LATEST = Number.MAX_SAFE_INTEGER;
const soon = () => Date.now() + 60_000;

/** put, replace, get and take: one value by group and key, until its time. */
export const state = (clockToleranceMs: number): Cases<OpenedStore<StateStore>> => ({
  async 'puts a value where there is none, however many try at the same time'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    const landed = await atOnce(opened, 50, (machine, index) => machine.put(group, 'key', `value ${index}`, soon()));
    demand('put() 50 times at once is true once', landed.filter(Boolean).length, 1);
    const value = `value ${landed.indexOf(true)}`;
    demand('get() gives the value whose put() was true', await peer.get(group, 'key'), value);
    demand('put() where a value stands is false', await store.put(group, 'key', 'other', soon()), false);
    demand('put() where a value stands changes nothing, and get() takes nothing away', await peer.get(group, 'key'), value);
    demand('get() of what was never put is undefined', await store.get(group, 'other key'), undefined);
  },

  async 'replaces a value, whatever stands there'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    await store.replace(group, 'key', 'first', soon());
    demand('replace() puts a value where there is none', await peer.get(group, 'key'), 'first');
    await peer.replace(group, 'key', 'second', soon());
    demand('replace() puts a value where one stands', await store.get(group, 'key'), 'second');
    demand('put() is false where replace() was', await store.put(group, 'key', 'third', soon()), false);
    const values = Array.from({ length: 50 }, (_, index) => `value ${index}`);
    await atOnce(opened, 50, (machine, index) => machine.replace(group, 'key', values[index] as string, soon()));
    demand(
      'After many calls of replace() at once one of their values stands',
      values.includes(String(await store.get(group, 'key'))),
      true,
    );
  },

  async 'gives a value to one of those who take it, however many try at the same time'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    for (let round = 0; round < 5; round++) {
      demand('put() where a value was taken is true', await store.put(group, 'key', `value ${round}`, soon()), true);
      const taken = await atOnce(opened, 50, (machine) => machine.take(group, 'key'));
      demand(
        'take() 50 times at once gives the value once',
        taken.filter((value) => value !== undefined),
        [`value ${round}`],
      );
      demand('get() of what was taken is undefined', await peer.get(group, 'key'), undefined);
    }
    demand('take() of what was never put is undefined', await store.take(group, 'other key'), undefined);
  },

  async 'ends a value at its time, neither sooner nor later'({ store, peer }) {
    const group = unique('group');
    const until = Date.now() + 500 + 2 * clockToleranceMs;
    for (const key of ['read', 'taken', 'put', 'put off']) await store.put(group, key, 'value', until);
    await store.replace(group, 'brought forward', 'value', soon());
    await store.replace(group, 'brought forward', 'value', until);
    await store.replace(group, 'put off', 'value', soon());
    await store.put(group, 'read', 'other', soon());
    for (let asked = 0; asked < until + clockToleranceMs; await sleep(3)) {
      asked = Date.now();
      const value = await peer.get(group, 'read');
      if (Date.now() < until - clockToleranceMs) demand('get() gives a value that has not ended', value, 'value');
      if (asked >= until + clockToleranceMs) demand('get() of a value that has ended is undefined', value, undefined);
    }
    demand('take() of a value that has ended is undefined', await peer.take(group, 'taken'), undefined);
    demand('replace() with an earlier end brings it forward', await peer.get(group, 'brought forward'), undefined);
    demand('replace() with a later end puts it off', await peer.get(group, 'put off'), 'value');
    demand('put() where a value has ended is true', await peer.put(group, 'put', 'new', soon()), true);
    demand('put() where a value has ended puts its own', await store.get(group, 'put'), 'new');
    demand('put() where a value stands again is false', await peer.put(group, 'put', 'newer', soon()), false);
  },

  async 'takes any time for an end, the past and the far future'({ store, peer }) {
    const group = unique('group');
    for (const past of [Date.now() - 60_000 - clockToleranceMs, 1, 0, -1]) {
      demand('put() of what has ended already is true, since nothing stands there', await store.put(group, 'past', 'value', past), true);
      demand('get() of what had ended when it was put is undefined', await peer.get(group, 'past'), undefined);
      await store.replace(group, 'replaced', 'value', soon());
      await store.replace(group, 'replaced', 'value', past);
      demand('take() of what had ended when it was replaced is undefined', await peer.take(group, 'replaced'), undefined);
    }
    await store.put(group, 'future', 'value', LATEST);
    demand('get() gives a value that ends in the far future', await peer.get(group, 'future'), 'value');
  },

  async 'tells groups and keys apart by every character'(opened) {
    const { store, peer } = opened;
    const word = unique('word');
    const separated = [...':|/.,;-_ {}[]'].flatMap((by): [string, string][] => [
      [`${word}${by}a`, 'b'],
      [word, `a${by}b`],
      [`${word}${by}`, `a${by}${by}b`],
    ]);
    const names = [
      ...ODD_TEXTS.map((text): [string, string] => [word, text]),
      ...ODD_TEXTS.map((text): [string, string] => [text, word]),
      [`${word}a`, 'b'],
      [word, 'ab'],
      ...separated,
    ] as const;
    const landed = await atOnce(opened, names.length, (machine, index) => {
      const [group, key] = names[index] as [string, string];
      return machine.put(group, key, `value ${index}`, soon());
    });
    for (const [index, [group, key]] of names.entries()) {
      const name = `the key ${JSON.stringify(key)} of the group ${JSON.stringify(group)}`;
      demand(`put() finds nothing under ${name}`, landed[index], true);
      demand(`get() gives what was put under ${name}`, await peer.get(group, key), `value ${index}`);
    }
    for (const [index, [group, key]] of names.entries()) {
      const name = `the key ${JSON.stringify(key)} of the group ${JSON.stringify(group)}`;
      demand(`take() gives what was put under ${name}, whatever else was taken`, await store.take(group, key), `value ${index}`);
    }
  },

  async 'keeps a value as it is, be it empty or large'({ store, peer }) {
    const group = unique('group');
    const values = ['', ' ', '\n', '0', 'null', '{"a":"ü😀\\u0000"}', ...ODD_TEXTS, 'ü'.repeat(100_000)];
    for (const [index, value] of values.entries()) {
      const key = `key ${index}`;
      demand('put() of any value is true', await store.put(group, key, value, soon()), true);
      demand('put() is false where a value stands, an empty one too', await peer.put(group, key, 'other', soon()), false);
      demand('get() gives a value as it was put', await peer.get(group, key), value);
      await peer.replace(group, key, `${value}!`, soon());
      demand('get() gives a value as it replaced another', await store.get(group, key), `${value}!`);
      await store.replace(group, key, value, soon());
      demand('take() gives a value as it was put', await peer.take(group, key), value);
    }
  },
});
