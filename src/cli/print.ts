import Table from 'cli-table3';

import type { Client } from '../authorization-server/clients/client';
import type { PublicRecord } from '../credentials/records';
import type { Terminal } from './terminal';

const NONE = '–';

/** Formats a time as ISO 8601, in seconds. */
export function formatTime(value: number | null): string {
  if (value === null) {
    return NONE;
  }
  return String(toIso(value)).replace(/\.\d+Z$/, 'Z');
}

/** Prints JSON with `--json`, otherwise text. */
export const printAs = (
  { options, terminal }: PrintContext,
  json: () => string,
  text: () => string,
): void => terminal.out((options.json ? json : text)());

export interface PrintContext {
  readonly options: { readonly json?: boolean };
  readonly terminal: Terminal;
}

/** Returns JSON for people and programs. */
export const toJson = (value: unknown): string => JSON.stringify(value, null, 2);

const TIMES: ReadonlySet<string> = new Set([
  'disabledAt',
  'expiresAt',
  'issuedAt',
  'lastUsedAt',
  'registeredAt',
  'revokedAt',
]);

/** Returns a record or client with its times as ISO 8601, for JSON. */
export const withIsoTimes = (record: object): object =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]: [string, unknown]) => [
      name,
      TIMES.has(name) && typeof value === 'number' ? toIso(value) : value,
    ]),
  );

/** A time that a `Date` cannot represent stays a number. */
function toIso(time: number): string | number {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toISOString();
}

/** Describes whether a key works, and since or until when. */
export function describeState({ revokedAt, expiresAt, disabledAt }: PublicRecord): string {
  if (revokedAt !== null) {
    return `revoked ${formatTime(revokedAt)}`;
  }
  if (expiresAt !== null && expiresAt <= Date.now()) {
    return `expired ${formatTime(expiresAt)}`;
  }
  if (disabledAt !== null) {
    return `disabled ${formatTime(disabledAt)}`;
  }
  return expiresAt === null ? 'live' : `live until ${formatTime(expiresAt)}`;
}

/** Columns without borders, which `cut` and `awk` can read and terminals can wrap. */
const PLAIN = {
  chars: {
    top: '',
    'top-mid': '',
    'top-left': '',
    'top-right': '',
    bottom: '',
    'bottom-mid': '',
    'bottom-left': '',
    'bottom-right': '',
    left: '',
    'left-mid': '',
    mid: '',
    'mid-mid': '',
    right: '',
    'right-mid': '',
    middle: '  ',
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/**
 * Escapes control and format characters, including line breaks. Names come from customers, and a
 * terminal would interpret them.
 */
export const escapeHidden = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`,
  );

/** Aligns rows in columns, without trailing spaces. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const table = new Table(PLAIN);
  table.push(...rows.map((row) => row.map(escapeHidden)));
  // Line by line: a regular expression would take quadratic time for a name with many spaces.
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const orNone = (text: string | null): string => text || NONE;

/** Formats keys as a table. */
export function formatKeys(records: readonly PublicRecord[]): string {
  if (records.length === 0) {
    return 'No keys.';
  }
  return formatColumns([
    ['ID', 'KEY', 'NAME', 'SUBJECT', 'SCOPES', 'STATE', 'LAST USED', 'USES'],
    ...records.map((record) => {
      const { id, hint, name, subject, scopes, lastUsedAt, useCount } = record;
      return [
        ...[id, `${hint}…`, name ?? NONE, subject, orNone(scopes.join(' '))],
        ...[describeState(record), formatTime(lastUsedAt), String(useCount)],
      ];
    }),
  ]);
}

/** Formats a key with a line for each member. */
export const formatKey = (record: PublicRecord): string =>
  formatColumns([
    ['id', record.id],
    ['key', `${record.hint}…`],
    ['name', record.name ?? NONE],
    ['subject', record.subject],
    ['client', record.clientId ?? NONE],
    ['environment', record.environment ?? NONE],
    ['scopes', orNone(record.scopes.join(' '))],
    ['state', describeState(record)],
    ['issued', formatTime(record.issuedAt)],
    ['last used', formatTime(record.lastUsedAt)],
    ['uses', String(record.useCount)],
    ['rotated from', record.rotatedFrom ?? NONE],
    ['metadata', JSON.stringify(record.metadata)],
  ]);

/** Formats clients as a table. */
export function formatClients(clients: readonly Client[]): string {
  if (clients.length === 0) {
    return 'No clients.';
  }
  return formatColumns([
    ['CLIENT ID', 'NAME', 'TYPE', 'GRANT TYPES', 'SCOPES', 'REGISTERED'],
    ...clients.map(({ clientId, name, type, grantTypes, scopes, registeredAt }) => [
      ...[clientId, name, type, orNone(grantTypes.join(' '))],
      ...[orNone(scopes.join(' ')), formatTime(registeredAt)],
    ]),
  ]);
}

/** Formats a client with a line for each member. */
export const formatClient = (client: Client): string =>
  formatColumns([
    ['client id', client.clientId],
    ['name', client.name],
    ['type', `${client.type}, ${client.applicationType}`],
    ['grant types', orNone(client.grantTypes.join(' '))],
    ['scopes', orNone(client.scopes.join(' '))],
    ['redirect URIs', orNone(client.redirectUris.join(' '))],
    ['resource server', client.resourceServer ? 'yes' : 'no'],
    ['registered', formatTime(client.registeredAt)],
  ]);
