import type { StateStore } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore, sleep } from './contract';
import { ODD_TEXTS, unique } from './samples';

const LATEST = Number.MAX_SAFE_INTEGER;
const soon = () => Date.now() + 60_000;

/** setIfAbsent(), set(), get() and getAndDelete(): one value by group and key, until it expires. */
export const state = (clockToleranceMs: number): Cases<OpenedStore<StateStore>> => ({
  async 'puts a value where there is none, however many try at the same time'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    const landed = await atOnce(opened, 50, (machine, index) =>
      machine.setIfAbsent(group, 'key', `value ${index}`, soon()),
    );
    demand('setIfAbsent() 50 times at once is true once', landed.filter(Boolean).length, 1);
    const value = `value ${landed.indexOf(true)}`;
    demand(
      'get() gives the value whose setIfAbsent() was true',
      await peer.get(group, 'key'),
      value,
    );
    demand(
      'setIfAbsent() where a value stands is false',
      await store.setIfAbsent(group, 'key', 'other', soon()),
      false,
    );
    demand(
      'setIfAbsent() where a value stands changes nothing, and get() takes nothing away',
      await peer.get(group, 'key'),
      value,
    );
    demand(
      'get() of what was never put is undefined',
      await store.get(group, 'other key'),
      undefined,
    );
  },

  async 'replaces a value, whatever stands there'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    await store.set(group, 'key', 'first', soon());
    demand('set() puts a value where there is none', await peer.get(group, 'key'), 'first');
    await peer.set(group, 'key', 'second', soon());
    demand('set() puts a value where one stands', await store.get(group, 'key'), 'second');
    demand(
      'setIfAbsent() is false where set() was',
      await store.setIfAbsent(group, 'key', 'third', soon()),
      false,
    );
    const values = Array.from({ length: 50 }, (_, index) => `value ${index}`);
    await atOnce(opened, 50, (machine, index) =>
      machine.set(group, 'key', values[index] as string, soon()),
    );
    demand(
      'After many calls of set() at once one of their values stands',
      values.includes(String(await store.get(group, 'key'))),
      true,
    );
  },

  async 'gives a value to one of those who take it, however many try at the same time'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    for (let round = 0; round < 5; round++) {
      demand(
        'setIfAbsent() where a value was taken is true',
        await store.setIfAbsent(group, 'key', `value ${round}`, soon()),
        true,
      );
      const taken = await atOnce(opened, 50, (machine) => machine.getAndDelete(group, 'key'));
      demand(
        'getAndDelete() 50 times at once gives the value once',
        taken.filter((value) => value !== undefined),
        [`value ${round}`],
      );
      demand('get() of what was taken is undefined', await peer.get(group, 'key'), undefined);
    }
    demand(
      'getAndDelete() of what was never put is undefined',
      await store.getAndDelete(group, 'other key'),
      undefined,
    );
  },

  async 'ends a value at its time, neither sooner nor later'({ store, peer }) {
    const group = unique('group');
    const until = Date.now() + 500 + 2 * clockToleranceMs;
    for (const key of ['read', 'taken', 'put', 'put off']) {
      await store.setIfAbsent(group, key, 'value', until);
    }
    await store.set(group, 'brought forward', 'value', soon());
    await store.set(group, 'brought forward', 'value', until);
    await store.set(group, 'put off', 'value', soon());
    await store.setIfAbsent(group, 'read', 'other', soon());
    for (let asked = 0; asked < until + clockToleranceMs; await sleep(3)) {
      asked = Date.now();
      const value = await peer.get(group, 'read');
      if (Date.now() < until - clockToleranceMs) {
        demand('get() gives a value that has not ended', value, 'value');
      }
      if (asked >= until + clockToleranceMs) {
        demand('get() of a value that has ended is undefined', value, undefined);
      }
    }
    demand(
      'getAndDelete() of a value that has ended is undefined',
      await peer.getAndDelete(group, 'taken'),
      undefined,
    );
    demand(
      'set() with an earlier end brings it forward',
      await peer.get(group, 'brought forward'),
      undefined,
    );
    demand('set() with a later end puts it off', await peer.get(group, 'put off'), 'value');
    demand(
      'setIfAbsent() where a value has ended is true',
      await peer.setIfAbsent(group, 'put', 'new', soon()),
      true,
    );
    demand(
      'setIfAbsent() where a value has ended puts its own',
      await store.get(group, 'put'),
      'new',
    );
    demand(
      'setIfAbsent() where a value stands again is false',
      await peer.setIfAbsent(group, 'put', 'newer', soon()),
      false,
    );
  },

  async 'takes any time for an end, the past and the far future'({ store, peer }) {
    const group = unique('group');
    for (const past of [Date.now() - 60_000 - clockToleranceMs, 1, 0, -1]) {
      demand(
        'setIfAbsent() of what has ended already is true, since nothing stands there',
        await store.setIfAbsent(group, 'past', 'value', past),
        true,
      );
      demand(
        'get() of what had ended when it was put is undefined',
        await peer.get(group, 'past'),
        undefined,
      );
      await store.set(group, 'replaced', 'value', soon());
      await store.set(group, 'replaced', 'value', past);
      demand(
        'getAndDelete() of what had ended when it was replaced is undefined',
        await peer.getAndDelete(group, 'replaced'),
        undefined,
      );
    }
    await store.setIfAbsent(group, 'future', 'value', LATEST);
    demand(
      'get() gives a value that ends in the far future',
      await peer.get(group, 'future'),
      'value',
    );
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
      return machine.setIfAbsent(group, key, `value ${index}`, soon());
    });
    for (const [index, [group, key]] of names.entries()) {
      const name = `the key ${JSON.stringify(key)} of the group ${JSON.stringify(group)}`;
      demand(`setIfAbsent() finds nothing under ${name}`, landed[index], true);
      demand(
        `get() gives what was put under ${name}`,
        await peer.get(group, key),
        `value ${index}`,
      );
    }
    for (const [index, [group, key]] of names.entries()) {
      const name = `the key ${JSON.stringify(key)} of the group ${JSON.stringify(group)}`;
      demand(
        `getAndDelete() gives what was put under ${name}, whatever else was taken`,
        await store.getAndDelete(group, key),
        `value ${index}`,
      );
    }
  },

  async 'keeps a value as it is, be it empty or large'({ store, peer }) {
    const group = unique('group');
    const values = [
      '',
      ' ',
      '\n',
      '0',
      'null',
      '{"a":"ü😀\\u0000"}',
      ...ODD_TEXTS,
      'ü'.repeat(100_000),
    ];
    for (const [index, value] of values.entries()) {
      const key = `key ${index}`;
      demand(
        'setIfAbsent() of any value is true',
        await store.setIfAbsent(group, key, value, soon()),
        true,
      );
      demand(
        'setIfAbsent() is false where a value stands, an empty one too',
        await peer.setIfAbsent(group, key, 'other', soon()),
        false,
      );
      demand('get() gives a value as it was put', await peer.get(group, key), value);
      await peer.set(group, key, `${value}!`, soon());
      demand(
        'get() gives a value as it replaced another',
        await store.get(group, key),
        `${value}!`,
      );
      await store.set(group, key, value, soon());
      demand(
        'getAndDelete() gives a value as it was put',
        await peer.getAndDelete(group, key),
        value,
      );
    }
  },
});
