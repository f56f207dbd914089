import Table from 'cli-table3';

import type { Client } from '../authorization-server/clients/client';
import type { PublicRecord } from '../credentials/records';

/** A time that a `Date` cannot hold is printed as a number. */
function time(value: number | null): string {
  if (value === null) {
    return '–';
  }
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString().replace(/\.\d+Z$/, 'Z');
}

export function stateOf({ revokedAt, expiresAt }: PublicRecord): string {
  if (revokedAt !== null) {
    return `revoked ${time(revokedAt)}`;
  }
  if (expiresAt === null) {
    return 'live';
  }
  return `${expiresAt <= Date.now() ? 'expired' : 'live until'} ${time(expiresAt)}`;
}

/** Columns without frames: easy to wrap for a terminal, and to read for `cut` and `awk`. */
const PLAIN = {
  chars: {
    ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
    ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
    ...{
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: '  ',
    },
  },
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

/**
 * Escapes control and format characters, line breaks included: names come from customers, and a
 * terminal would obey them.
 */
export const visible = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (hidden) => `\\u{${(hidden.codePointAt(0) as number).toString(16)}}`,
  );

/** Rows in columns, without trailing spaces. */
function columns(rows: readonly (readonly string[])[]): string {
  const table = new Table(PLAIN);
  table.push(...rows.map((row) => row.map(visible)));
  // Not by a regular expression: it would start again at every space of a customer's text, which
  // takes quadratic time.
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** A table with a line for each record. */
export function tableOf(records: readonly PublicRecord[]): string {
  if (records.length === 0) {
    return 'No keys.';
  }
  return columns([
    ['ID', 'KEY', 'NAME', 'SUBJECT', 'SCOPES', 'STATE', 'LAST USED', 'USES'],
    ...records.map((record) => {
      const { id, hint, name, subject, scopes, lastUsedAt, useCount } = record;
      return [
        id,
        `${hint}…`,
        name ?? '–',
        subject,
        scopes.join(' ') || '–',
        stateOf(record),
        time(lastUsedAt),
        String(useCount),
      ];
    }),
  ]);
}

/** A record with a line for each member. */
export const detailsOf = (record: PublicRecord): string =>
  columns([
    ['id', record.id],
    ['key', `${record.hint}…`],
    ['name', record.name ?? '–'],
    ['subject', record.subject],
    ['client', record.clientId ?? '–'],
    ['environment', record.environment ?? '–'],
    ['scopes', record.scopes.join(' ') || '–'],
    ['state', stateOf(record)],
    ['issued', time(record.issuedAt)],
    ['last used', time(record.lastUsedAt)],
    ['uses', String(record.useCount)],
    ['rotated from', record.rotatedFrom ?? '–'],
    ['metadata', JSON.stringify(record.metadata)],
  ]);

/** A table with a line for each client. */
export function clientTableOf(clients: readonly Client[]): string {
  if (clients.length === 0) {
    return 'No clients.';
  }
  return columns([
    ['CLIENT ID', 'NAME', 'TYPE', 'GRANT TYPES', 'SCOPES', 'REGISTERED'],
    ...clients.map(({ clientId, name, type, grantTypes, scopes, registeredAt }) => [
      ...[clientId, name, type],
      ...[grantTypes.join(' ') || '–', scopes.join(' ') || '–', time(registeredAt)],
    ]),
  ]);
}

/** A client with a line for each member. */
export const clientDetailsOf = (client: Client): string =>
  columns([
    ['client id', client.clientId],
    ['name', client.name],
    ['type', `${client.type}, ${client.applicationType}`],
    ['grant types', client.grantTypes.join(' ') || '–'],
    ['scopes', client.scopes.join(' ') || '–'],
    ['redirect URIs', client.redirectUris.join(' ') || '–'],
    ['resource server', client.resourceServer ? 'yes' : 'no'],
    ['registered', time(client.registeredAt)],
  ]);
