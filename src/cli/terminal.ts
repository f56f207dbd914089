import { typeError } from '../internal/errors';

/** What a command reads and writes. Tests replace it. */
export interface Terminal {
  /** Writes a line of the result, for people and programs. */
  readonly out: (line: string) => void;
  /** Writes a line for the person at the keyboard. */
  readonly err: (line: string) => void;
  /** Reads all of standard input. */
  readonly input: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A command could not be carried out. The message is for the person who typed it. */
export class CommandError extends Error {
  readonly code = 'ERR_LATCHKEY_COMMAND';
}

/** The command line itself is wrong. */
export const usageError = (message: string, options?: ErrorOptions): TypeError =>
  typeError('ERR_LATCHKEY_ARGUMENT', message, options);

/**
 * Escapes control, format and separator characters in every line. Names and subjects come from
 * customers, and could hide terminal commands or reverse the text. In JSON the escapes are part of
 * the strings: `JSON.parse()` returns the original (RFC 8259 §7).
 */
export const safeTerminal = ({ out, err, input, env }: Terminal): Terminal => ({
  out: (line) => out(escapeHidden(line)),
  err: (line) => err(escapeHidden(line)),
  input,
  env,
});

/** Line breaks are the command's own: those in names are escaped before. */
const escapeHidden = (text: string): string =>
  text.replace(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}]/gu, (hidden) =>
    Array.from(
      { length: hidden.length },
      (_, index) => `\\u${hidden.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
