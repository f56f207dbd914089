import type { ManagementView } from './view';

const DAY_MS = 24 * 3_600_000;

export const days = (count: number): number => count * DAY_MS;

/** How long before its expiry a key is shown as expiring soon. */
const SOON_MS = days(14);

export const isExpiringSoon = (
  { status, expiresAt }: { readonly status: string; readonly expiresAt: number | null },
  now: number,
): boolean => status === 'active' && expiresAt !== null && expiresAt - now <= SOON_MS;

/** Formats a time in UTC, which it names. */
export const formatTime = ({ language }: ManagementView, time: number): string =>
  new Intl.DateTimeFormat(language, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(time);

/** Formats a time, or names its absence. */
export const formatOptionalTime = (view: ManagementView, time: number | null): string =>
  time === null ? view.plain('never') : formatTime(view, time);

/** Formats a UTC day such as `2026-11-30`. */
export const formatDay = ({ language }: ManagementView, day: string): string =>
  new Intl.DateTimeFormat(language, { month: 'short', day: 'numeric', timeZone: 'UTC' }).format(
    Date.parse(day),
  );

export const formatNumber = ({ language }: ManagementView, count: number): string =>
  new Intl.NumberFormat(language).format(count);
