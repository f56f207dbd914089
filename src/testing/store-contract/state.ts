import type { StateStore } from '../../stores/store';
import { atOnce, type Cases, demand, type OpenedStore, sleep } from './contract';
import { ODD_TEXTS, unique } from './samples';

const soon = () => Date.now() + 60_000;

/** setIfAbsent(), set(), get() and getAndDelete(): one value by group and key, until it expires. */
export const state: Cases<OpenedStore<StateStore>> = {
  async 'stores a value only if there is none, under concurrent calls'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    const results = await atOnce(opened, 50, (instance, index) =>
      instance.setIfAbsent(group, 'key', `value ${index}`, soon()),
    );
    demand(
      'of 50 concurrent setIfAbsent() calls, one returns true',
      results.filter(Boolean).length,
      1,
    );
    const value = `value ${results.indexOf(true)}`;
    demand(
      'get() returns the value of the setIfAbsent() call that returned true',
      await peer.get(group, 'key'),
      value,
    );
    demand(
      'setIfAbsent() returns false if there is a value',
      await store.setIfAbsent(group, 'key', 'other', soon()),
      false,
    );
    demand(
      'setIfAbsent() does not change a value, and get() does not delete it',
      await peer.get(group, 'key'),
      value,
    );
    demand(
      'get() of an unknown key returns undefined',
      await store.get(group, 'other key'),
      undefined,
    );
  },

  async 'replaces any value'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    await store.set(group, 'key', 'first', soon());
    demand('set() stores a value if there is none', await peer.get(group, 'key'), 'first');
    await peer.set(group, 'key', 'second', soon());
    demand('set() replaces a value', await store.get(group, 'key'), 'second');
    demand(
      'setIfAbsent() after set() returns false',
      await store.setIfAbsent(group, 'key', 'third', soon()),
      false,
    );
    const values = Array.from({ length: 50 }, (_, index) => `value ${index}`);
    await atOnce(opened, 50, (instance, index) =>
      instance.set(group, 'key', values[index] as string, soon()),
    );
    demand(
      'after concurrent set() calls, one of their values is stored',
      values.includes(String(await store.get(group, 'key'))),
      true,
    );
  },

  async 'deletes and returns a value once under concurrent calls'(opened) {
    const { store, peer } = opened;
    const group = unique('group');
    for (let round = 0; round < 5; round++) {
      demand(
        'setIfAbsent() after getAndDelete() returns true',
        await store.setIfAbsent(group, 'key', `value ${round}`, soon()),
        true,
      );
      const returned = await atOnce(opened, 50, (instance) => instance.getAndDelete(group, 'key'));
      demand(
        'of 50 concurrent getAndDelete() calls, one returns the value',
        returned.filter((value) => value !== undefined),
        [`value ${round}`],
      );
      demand(
        'get() after getAndDelete() returns undefined',
        await peer.get(group, 'key'),
        undefined,
      );
    }
    demand(
      'getAndDelete() of an unknown key returns undefined',
      await store.getAndDelete(group, 'other key'),
      undefined,
    );
  },

  async 'expires a value at its time, neither earlier nor later'(
    { store, peer },
    { clockToleranceMs },
  ) {
    const group = unique('group');
    const until = Date.now() + 500 + 2 * clockToleranceMs;
    for (const key of ['read', 'deleted', 'replaced', 'deferred']) {
      await store.setIfAbsent(group, key, 'value', until);
    }
    await store.set(group, 'brought forward', 'value', soon());
    await store.set(group, 'brought forward', 'value', until);
    await store.set(group, 'deferred', 'value', soon());
    await store.setIfAbsent(group, 'read', 'other', soon());
    for (let startedAt = 0; startedAt < until + clockToleranceMs; await sleep(3)) {
      startedAt = Date.now();
      const value = await peer.get(group, 'read');
      if (Date.now() < until - clockToleranceMs) {
        demand('get() returns a value that has not expired', value, 'value');
      }
      if (startedAt >= until + clockToleranceMs) {
        demand('get() of an expired value returns undefined', value, undefined);
      }
    }
    demand(
      'getAndDelete() of an expired value returns undefined',
      await peer.getAndDelete(group, 'deleted'),
      undefined,
    );
    demand(
      'set() with an earlier time brings the expiry forward',
      await peer.get(group, 'brought forward'),
      undefined,
    );
    demand('set() with a later time defers the expiry', await peer.get(group, 'deferred'), 'value');
    demand(
      'setIfAbsent() after the expiry of a value returns true',
      await peer.setIfAbsent(group, 'replaced', 'new', soon()),
      true,
    );
    demand(
      'setIfAbsent() after the expiry of a value stores its own',
      await store.get(group, 'replaced'),
      'new',
    );
    demand(
      'setIfAbsent() returns false if there is a new value',
      await peer.setIfAbsent(group, 'replaced', 'newer', soon()),
      false,
    );
  },

  async 'accepts any expiry, in the past or in the far future'(
    { store, peer },
    { clockToleranceMs },
  ) {
    const group = unique('group');
    for (const past of [Date.now() - 60_000 - clockToleranceMs, 1, 0, -1]) {
      demand(
        'setIfAbsent() with a time in the past returns true',
        await store.setIfAbsent(group, 'past', 'value', past),
        true,
      );
      demand(
        'get() of a value with a time in the past returns undefined',
        await peer.get(group, 'past'),
        undefined,
      );
      await store.set(group, 'replaced', 'value', soon());
      await store.set(group, 'replaced', 'value', past);
      demand(
        'getAndDelete() after set() with a time in the past returns undefined',
        await peer.getAndDelete(group, 'replaced'),
        undefined,
      );
    }
    await store.setIfAbsent(group, 'future', 'value', Number.MAX_SAFE_INTEGER);
    demand(
      'get() returns a value that expires in the far future',
      await peer.get(group, 'future'),
      'value',
    );
  },

  async 'distinguishes groups and keys by every character'(opened) {
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
    const results = await atOnce(opened, names.length, (instance, index) => {
      const [group, key] = names[index] as [string, string];
      return instance.setIfAbsent(group, key, `value ${index}`, soon());
    });
    for (const [index, [group, key]] of names.entries()) {
      const name = `the key ${JSON.stringify(key)} of the group ${JSON.stringify(group)}`;
      demand(`setIfAbsent() finds no other value under ${name}`, results[index], true);
      demand(`get() returns the value under ${name}`, await peer.get(group, key), `value ${index}`);
    }
    for (const [index, [group, key]] of names.entries()) {
      const name = `the key ${JSON.stringify(key)} of the group ${JSON.stringify(group)}`;
      demand(
        `getAndDelete() returns the value under ${name} after others were deleted`,
        await store.getAndDelete(group, key),
        `value ${index}`,
      );
    }
  },

  async 'returns every value as it was stored, empty or large'({ store, peer }) {
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
        'setIfAbsent() of any value returns true',
        await store.setIfAbsent(group, key, value, soon()),
        true,
      );
      demand(
        'setIfAbsent() returns false if there is a value, even an empty one',
        await peer.setIfAbsent(group, key, 'other', soon()),
        false,
      );
      demand('get() returns a value as it was stored', await peer.get(group, key), value);
      await peer.set(group, key, `${value}!`, soon());
      demand(
        'get() returns the value that replaced another',
        await store.get(group, key),
        `${value}!`,
      );
      await store.set(group, key, value, soon());
      demand(
        'getAndDelete() returns a value as it was stored',
        await peer.getAndDelete(group, key),
        value,
      );
    }
  },
};
