import type { Extractor } from '../extractors/extractor';
import { typeError } from '../internal/errors';
import type { Verifier } from '../verifiers/verifier';

/**
 * Rejects configurations in which two extractors read the same place, or two verifiers accept the
 * same credentials: the order of a list would decide between them.
 * @throws {TypeError} `ERR_LATCHKEY_OPTION`
 */
export function assertNoOverlap(
  extractors: readonly Extractor[],
  verifiers: readonly Verifier[],
): void {
  const places = extractors.map(({ name, header, parameter }) =>
    JSON.stringify([name, header?.toLowerCase(), parameter]),
  );
  if (new Set(places).size < places.length) {
    throw optionError('extractors', 'must not read the same place in a request twice');
  }
  const early = verifiers.slice(0, -1).find(({ catchAll }) => catchAll);
  if (early) {
    throw optionError(
      'verifiers',
      `must have ${early.name} last, and only once: it accepts every token that no other verifier does`,
    );
  }
  verifiers.forEach((one, index) => {
    const rival = findRival(one, verifiers.slice(index + 1));
    if (rival) {
      throw optionError(
        'verifiers',
        `must not overlap: ${one.name} and ${rival.name} accept the same credentials; give each another prefix, form or issuer`,
      );
    }
  });
}

/** A verifier without samples may be last and accept the rest, so only its order is checked. */
const findRival = (one: Verifier, later: readonly Verifier[]): Verifier | undefined =>
  later.find((other) => overlaps(one, other) || (other.samples && overlaps(other, one)));

const overlaps = (one: Verifier, other: Verifier): boolean =>
  other.samples?.some((sample) => one.accepts(sample)) ?? false;

/** @throws {TypeError} `ERR_LATCHKEY_OPTION` if a verifier reads none of the extractors */
export function assertEveryVerifierReads(
  extractors: readonly Extractor[],
  verifiers: readonly Verifier[],
): void {
  const unreachable = verifiers.find((verifier) => !extractors.some((one) => reads(verifier, one)));
  if (unreachable) {
    throw optionError(
      'verifiers',
      `must read one of the extractors: ${unreachable.name} reads only ${unreachable.extractors?.join(', ')}; pass one of them in "extractors"`,
    );
  }
}

/** @throws {TypeError} `ERR_LATCHKEY_OPTION` if no verifier reads one of the extractors */
export function assertEveryExtractorIsRead(
  extractors: readonly Extractor[],
  verifiers: readonly Verifier[],
): void {
  const unread = extractors.find((extractor) => !verifiers.some((one) => reads(one, extractor)));
  if (unread) {
    throw optionError(
      'extractors',
      `must each be read by a verifier: none reads ${unread.name}; name it in the option "extractors" of a verifier`,
    );
  }
}

const reads = ({ extractors }: Verifier, { name }: Extractor): boolean =>
  extractors?.includes(name) ?? true;

const optionError = (option: string, problem: string): TypeError =>
  typeError('ERR_LATCHKEY_OPTION', `latchkey(): option "${option}" ${problem}`);
