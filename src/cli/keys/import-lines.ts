import * as z from 'zod';

import { readDigest } from '../../credential/digest';
import type { ChangeContext } from '../../credentials/manager-types';
import type { ImportedRecord, PublicRecord } from '../../credentials/records';
import { omitUndefined } from '../../internal/objects';
import { isObject } from '../../internal/type-guards';
import { readLegacyHash } from '../../verifiers/legacy';
import type { ManagedVerifier } from '../../verifiers/stored';
import { usageError } from '../terminal';

/** A key to import, and the number of its line, counted from 1. */
interface KeyLine {
  readonly number: number;
  readonly record: ImportedRecord;
}

interface ImportDefaults {
  /** For lines that name no subject. */
  readonly subject?: string | undefined;
  /** For lines that name no scopes. */
  readonly scope?: readonly string[] | undefined;
  /** Whether hashes other than SHA-256 are accepted. */
  readonly legacy?: boolean | undefined;
}

/** Parses the keys of a text. Errors do not quote a line, because it may be a secret by mistake. */
export function parseKeyLines(text: string, defaults: ImportDefaults): readonly KeyLine[] {
  return text.split('\n').flatMap((line, index) => {
    const content = line.trim();
    const number = index + 1;
    return content === '' ? [] : [{ number, record: parseLine(content, number, defaults) }];
  });
}

/** Imports the keys. An error about a record names its line. */
export async function importLines(
  keys: ManagedVerifier,
  lines: readonly KeyLine[],
  change: ChangeContext,
): Promise<readonly PublicRecord[]> {
  try {
    return await keys.import(
      lines.map(({ record }) => record),
      change,
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const [, index, problem] = /: record (\d+): (.*)$/s.exec(message) ?? [];
    if (problem === undefined) {
      throw error;
    }
    throw usageError(`line ${lines[Number(index)]?.number}: ${problem}`, { cause: error });
  }
}

function parseLine(content: string, number: number, defaults: ImportDefaults): ImportedRecord {
  const { subject, scope = [], legacy = false } = defaults;
  const members = {
    ...omitUndefined({ subject }),
    scopes: scope,
    ...(content.startsWith('{') ? parseObject(content, number) : parseDigestLine(content)),
  };
  const digest = readLineDigest(members.digest, legacy);
  if (digest === undefined) {
    throw usageError(
      legacy
        ? `line ${number} has no hash without a salt: 16 bytes or more in hex, base64 or base64url`
        : `line ${number} has no SHA-256 digest: 64 characters of hex, or 43 of base64 or base64url`,
    );
  }
  if (members.subject === undefined) {
    throw usageError(`line ${number} names no subject: pass --subject`);
  }
  // import() validates the other members.
  return { ...members, digest } as ImportedRecord;
}

interface LineMembers extends Readonly<Record<string, unknown>> {
  readonly digest?: unknown;
  readonly subject?: unknown;
}

/** sha256sum prints the name of the file after the digest. */
const parseDigestLine = (content: string): LineMembers => ({
  digest: /^([0-9a-f]{64}) [ *]/i.exec(content)?.[1] ?? content,
});

function parseObject(content: string, number: number): LineMembers {
  try {
    const value: unknown = JSON.parse(content);
    return isObject(value) ? withTimes(value) : {};
  } catch {
    // The parser's own message quotes the line.
    throw usageError(`line ${number} is neither a digest nor a JSON object`);
  }
}

const TIMES = ['expiresAt', 'issuedAt', 'revokedAt'] as const;
const timeSchema = z.iso.datetime({ offset: true });

/** Converts times in ISO 8601 to milliseconds since the epoch. */
function withTimes(members: LineMembers): LineMembers {
  const times = TIMES.filter((name) => timeSchema.safeParse(members[name]).success);
  return {
    ...members,
    ...Object.fromEntries(times.map((name) => [name, Date.parse(String(members[name]))])),
  };
}

function readLineDigest(digest: unknown, legacy: boolean): string | undefined {
  if (typeof digest !== 'string') {
    return undefined;
  }
  return legacy ? readLegacyHash(digest) : readDigest(digest) && digest;
}
