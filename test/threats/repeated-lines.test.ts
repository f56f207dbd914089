import type { RequestListener } from 'node:http';

import { MOUNTS, type RawResponse } from '../support/servers';
import {
  ANONYMOUS,
  ask,
  authenticate,
  BAD_BEARER,
  BARE,
  BY_BEARER,
  BY_COOKIE,
  BY_HEADER,
  get,
  key,
  OPTIONAL_VARY,
  type Running,
  running,
  session,
  SEVERAL,
} from './guarded';

interface Line {
  readonly line: string;
  readonly place: 'authorization' | 'x-api-key' | 'cookie' | 'other';
  /** Undefined where it presents no credential. */
  readonly verdict?: 'good' | 'bad' | undefined;
}

const LINES: Readonly<Record<string, Line>> = {
  'a good bearer': {
    line: `Authorization: Bearer ${key}`,
    place: 'authorization',
    verdict: 'good',
  },
  'a bad bearer': { line: 'authorization: Bearer bad', place: 'authorization', verdict: 'bad' },
  'an empty bearer': { line: 'Authorization: Bearer', place: 'authorization', verdict: 'bad' },
  Basic: { line: 'AUTHORIZATION: Basic YTpi', place: 'authorization' },
  'an empty Authorization': { line: 'Authorization:', place: 'authorization' },
  'a good key': { line: `X-API-Key: ${key}`, place: 'x-api-key', verdict: 'good' },
  'a bad key': { line: 'x-api-key: bad', place: 'x-api-key', verdict: 'bad' },
  'an empty key': { line: 'X-Api-Key:', place: 'x-api-key', verdict: 'bad' },
  'a good cookie': { line: `Cookie: sid=${session}`, place: 'cookie', verdict: 'good' },
  'a bad cookie': { line: 'Cookie: sid=bad', place: 'cookie', verdict: 'bad' },
  nothing: { line: 'X-Other: 1', place: 'other' },
};

/** The contract's answer to the lines of a request, worked out from its words. */
function answerTo(lines: readonly Line[]): RawResponse {
  const at = (place: Line['place']) => lines.filter((line) => line.place === place);
  const explicit = [...at('authorization'), ...at('x-api-key')].filter(({ verdict }) => verdict);
  if (at('authorization').length > 1 || at('x-api-key').length > 1 || explicit.length > 1) {
    return SEVERAL;
  }
  const cookies = at('cookie');
  if (explicit.length === 0 && cookies.length > 1) {
    return BARE;
  }
  const { place = 'other', verdict } = explicit[0] ?? cookies[0] ?? {};
  if (verdict !== 'good') {
    return place === 'authorization' ? BAD_BEARER : BARE;
  }
  return { authorization: BY_BEARER, 'x-api-key': BY_HEADER, cookie: BY_COOKIE, other: BARE }[
    place
  ];
}

/** The same where a request without a credential may pass. */
function optionalAnswerTo(lines: readonly Line[]): RawResponse {
  const answer = answerTo(lines);
  if (answer.status === 400 || (answer.status === 401 && lines.some(({ verdict }) => verdict))) {
    return answer;
  }
  if (answer.status === 401) {
    return ANONYMOUS;
  }
  return {
    ...answer,
    headers: [...answer.headers.filter((line) => !line.startsWith('Vary: ')), OPTIONAL_VARY],
  };
}

type Received = ReadonlyMap<string, readonly string[]>;
type Shape = (values: readonly string[], name: string) => unknown;
const shaped = (received: Received, shape: Shape) =>
  Object.fromEntries([...received].map(([name, values]) => [name, shape(values, name)]));

/**
 * What stands between the server and the app, and hands on a request's lines in a shape of its own.
 */
const adapter =
  (shape: Shape, rawHeadersOf: (received: Received) => unknown) =>
  (listener: RequestListener): RequestListener =>
  (req, res) => {
    const received = new Map<string, string[]>();
    for (let i = 0; i < req.rawHeaders.length; i += 2) {
      const name = (req.rawHeaders[i] as string).toLowerCase();
      received.set(name, [...(received.get(name) ?? []), req.rawHeaders[i + 1] as string]);
    }
    Object.defineProperty(req, 'headers', { value: shaped(received, shape) });
    Object.defineProperty(req, 'rawHeaders', { value: rawHeadersOf(received) });
    listener(req, res);
  };

const asList: Shape = (values) => values;
const asListIfSeveral: Shape = (values) => (values.length === 1 ? values[0] : values);
const asJoined: Shape = (values, name) => values.join(name === 'cookie' ? '; ' : ', ');
const absent = () => undefined;
const empty = () => [];
const joined = (received: Received) => Object.entries(shaped(received, asJoined)).flat();

const apart = (lines: readonly Line[]) => lines;
/** Joined lines are one, and not a good one: no token has a comma in it. */
function together(lines: readonly Line[]): readonly Line[] {
  const [first, second] = lines;
  if (!first || first.place !== second?.place || first.place === 'cookie') {
    return lines;
  }
  return [{ ...first, verdict: first.place === 'x-api-key' || first.verdict ? 'bad' : undefined }];
}

describe.each(Object.entries(MOUNTS))('on %s', (_name, mount) => {
  describe.each([
    ['as Node gives them', undefined, apart],
    ['in lists, without raw headers', adapter(asList, absent), apart],
    [
      'in lists where there are several, with empty raw headers',
      adapter(asListIfSeveral, empty),
      apart,
    ],
    ['joined, without raw headers', adapter(asJoined, absent), together],
    ['joined, with empty raw headers', adapter(asJoined, empty), together],
    ['joined, with joined raw headers', adapter(asJoined, joined), together],
  ])('two lines %s', (_how, adapt, seen) => {
    let required: Running;
    let optional: Running;
    beforeAll(async () => {
      required = await running(mount, { adapt });
      optional = await running(mount, { adapt, guard: authenticate({ optional: true }) });
    });
    afterAll(() => Promise.all([required.close(), optional.close()]));

    test.each(Object.entries(LINES))('%s, then each of the others', async (_what, first) => {
      const pairs = Object.entries(LINES).map(([name, second]) => [name, [first, second]] as const);
      const requests = pairs.map(([, pair]) => get(...pair.map(({ line }) => line)));
      const named = (answers: readonly RawResponse[]) =>
        pairs.map(([name], index) => [name, answers[index]]);
      expect(named(await ask(required, requests))).toEqual(
        pairs.map(([name, pair]) => [name, answerTo(seen(pair))]),
      );
      expect(named(await ask(optional, requests))).toEqual(
        pairs.map(([name, pair]) => [name, optionalAnswerTo(seen(pair))]),
      );
    });
  });
});
