import { freshnessMs } from '../../../src/authorization-server/clients/freshness';

const NOW = Date.parse('2026-12-01T12:00:00Z');
const later = (seconds: number) => new Date(NOW + seconds * 1000).toUTCString();

test.each<[what: string, headers: Record<string, string>, seconds: number]>([
  ['no header', {}, 300],
  ['max-age', { 'cache-control': 'max-age=60' }, 60],
  ['max-age among other directives', { 'cache-control': 'public, MAX-AGE=60, immutable' }, 60],
  ['a quoted max-age', { 'cache-control': 'max-age="60"' }, 60],
  ['s-maxage before max-age', { 'cache-control': 'max-age=60, s-maxage=120' }, 120],
  ['Age', { 'cache-control': 'max-age=60', age: '20' }, 40],
  ['an Age above max-age', { 'cache-control': 'max-age=60', age: '61' }, 0],
  ['no-store', { 'cache-control': 'no-store, max-age=60' }, 0],
  ['no-cache', { 'cache-control': 'no-cache' }, 0],
  ['max-age=0', { 'cache-control': 'max-age=0' }, 0],
  ['a malformed max-age', { 'cache-control': 'max-age=soon' }, 0],
  ['the lower bound', { 'cache-control': 'max-age=1' }, 10],
  ['the upper bound', { 'cache-control': 'max-age=31536000' }, 86_400],
  ['Expires and Date', { expires: later(90), date: later(0) }, 90],
  ['Expires without Date', { expires: later(90) }, 90],
  ['Expires in the past', { expires: later(-1), date: later(0) }, 0],
  ['a malformed Expires', { expires: '0' }, 0],
  ['max-age before Expires', { 'cache-control': 'max-age=60', expires: later(-1) }, 60],
])('computes the freshness of a response with %s', (_what, headers, seconds) => {
  expect(freshnessMs(new Headers(headers), NOW)).toBe(seconds * 1000);
});
