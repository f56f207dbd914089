import { readDigest } from '../../credential/digest';
import type { ImportedRecord, PublicRecord } from '../../credentials/records';
import type { ManagedVerifier } from '../../verifiers/stored';
import { usageError } from '../terminal';

/** A key to import, and the number of its line, counted from 1. */
interface KeyLine {
  readonly number: number;
  readonly record: ImportedRecord;
}

/** For lines that do not name them. */
interface Defaults {
  readonly subject?: string;
  readonly scope?: readonly string[];
}

/** Parses the keys of a text. A line is never quoted: it may be a secret by mistake. */
export function parseKeyLines(text: string, { subject, scope = [] }: Defaults): readonly KeyLine[] {
  const defaults = { ...(subject !== undefined && { subject }), scopes: scope };
  return text.split('\n').flatMap((line, index) => {
    const number = index + 1;
    const content = line.trim();
    return content === ''
      ? []
      : [{ number, record: complete({ ...defaults, ...parseLine(content, number) }, number) }];
  });
}

/** Imports the keys. An error about a record names its line. */
export async function importLines(
  keys: ManagedVerifier,
  lines: readonly KeyLine[],
): Promise<readonly PublicRecord[]> {
  try {
    return await keys.import(lines.map(({ record }) => record));
  } catch (error) {
    const [, index, wrong] = /: record (\d+): (.*)$/s.exec((error as Error).message) ?? [];
    if (wrong === undefined) {
      throw error;
    }
    throw usageError(`line ${lines[Number(index)]?.number}: ${wrong}`, { cause: error });
  }
}

function parseLine(content: string, number: number): Partial<ImportedRecord> {
  // sha256sum writes the name of the file after the digest.
  if (!content.startsWith('{')) {
    return { digest: /^([0-9a-f]{64}) [ *]/i.exec(content)?.[1] ?? content };
  }
  try {
    return JSON.parse(content) as Partial<ImportedRecord>;
  } catch {
    // The parser's own message quotes the line.
    throw usageError(`line ${number} is neither a digest nor a JSON object`);
  }
}

function complete(record: Partial<ImportedRecord>, number: number): ImportedRecord {
  if (typeof record.digest !== 'string' || readDigest(record.digest) === undefined) {
    throw usageError(
      `line ${number} has no SHA-256 digest: 64 characters of hex, or 43 of base64 or base64url`,
    );
  }
  if (record.subject === undefined) {
    throw usageError(`line ${number} names no subject: give --subject`);
  }
  return record as ImportedRecord;
}
