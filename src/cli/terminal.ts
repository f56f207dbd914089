import { typeError } from '../internal/errors';

/** The streams and the environment of a command. Tests replace them. */
export interface Terminal {
  /** Writes a line to standard output: the result, for people and programs. */
  readonly out: (line: string) => void;
  /** Writes a line to standard error: messages for the user. */
  readonly err: (line: string) => void;
  /** Reads all of standard input. */
  readonly input: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A command failed. The message is for the user. */
export class CommandError extends Error {
  readonly code = 'ERR_LATCHKEY_COMMAND';
}

/** Creates the error of a command line that is invalid. */
export const usageError = (message: string, options?: ErrorOptions): TypeError =>
  typeError('ERR_LATCHKEY_ARGUMENT', message, options);

/**
 * Escapes control, format and separator characters in every line. Names and subjects come from
 * customers, and could contain terminal commands or reverse the text. In JSON the escapes are part
 * of the strings: `JSON.parse()` returns the original (RFC 8259 §7).
 */
export const safeTerminal = ({ out, err, input, env }: Terminal): Terminal => ({
  out: (line) => out(escapeHidden(line)),
  err: (line) => err(escapeHidden(line)),
  input,
  env,
});

/** Line breaks are those of the command: line breaks in names are escaped before. */
const escapeHidden = (text: string): string =>
  text.replace(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (hidden) =>
    Array.from(hidden).flatMap(toUtf16).map(escapeUnit).join(''),
  );

const toUtf16 = (character: string): readonly number[] =>
  Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
const escapeUnit = (unit: number): string => `\\u${unit.toString(16).padStart(4, '0')}`;
