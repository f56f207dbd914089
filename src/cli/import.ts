import { readDigest } from '../credential/digest';
import type { ImportedRecord, PublicRecord } from '../credentials/records';
import type { ManagedVerifier } from '../verifiers/stored';

/** A key to import, and the line that it stands in, as an editor counts. */
interface KeyLine {
  readonly number: number;
  readonly record: ImportedRecord;
}

/** What lines that do not say otherwise have in common. */
interface Common {
  readonly subject?: string;
  readonly scope?: readonly string[];
}

/** The keys of a text. A line may be a secret that stands there by mistake, so none is quoted. */
export function keyLinesOf(text: string, { subject, scope = [] }: Common): readonly KeyLine[] {
  const common = { ...(subject !== undefined && { subject }), scopes: scope };
  return text.split('\n').flatMap((line, index) => {
    const number = index + 1;
    const content = line.trim();
    return content === '' ? [] : [{ number, record: complete({ ...common, ...membersOf(content, number) }, number) }];
  });
}

/** Imports all, or none: the verifier counts records, a person lines. */
export async function importLines(keys: ManagedVerifier, lines: readonly KeyLine[]): Promise<readonly PublicRecord[]> {
  try {
    return await keys.import(lines.map(({ record }) => record));
  } catch (error) {
    const [, index, wrong] = /: record (\d+): (.*)$/s.exec((error as Error).message) ?? [];
    if (wrong === undefined) throw error;
    throw new TypeError(`line ${lines[Number(index)]?.number}: ${wrong}`, { cause: error });
  }
}

function membersOf(content: string, number: number): Partial<ImportedRecord> {
  // sha256sum writes the name of the file behind the digest.
  if (!content.startsWith('{')) return { digest: /^([0-9a-f]{64}) [ *]/i.exec(content)?.[1] ?? content };
  try {
    return JSON.parse(content) as Partial<ImportedRecord>;
  } catch {
    // The parser's own message quotes the line.
    throw new TypeError(`line ${number} is neither a digest nor a JSON object`);
  }
}

function complete(record: Partial<ImportedRecord>, number: number): ImportedRecord {
  if (typeof record.digest !== 'string' || readDigest(record.digest) === undefined)
    throw new TypeError(`line ${number} has no SHA-256 digest, which is 64 characters of hex or 43 of base64url`);
  if (record.subject === undefined) throw new TypeError(`line ${number} names no subject: give --subject`);
  return record as ImportedRecord;
}
