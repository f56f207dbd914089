/** What a command reads and writes, so that a test may stand in for the terminal. */
export interface Terminal {
  /** Writes a line of the result. */
  readonly out: (line: string) => void;
  /** Writes a line for the person at the keyboard: nothing that a program would read. */
  readonly err: (line: string) => void;
  /** All of standard input. */
  readonly input: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What kept a command from its work, in words for the person who typed it. */
export class CommandError extends Error {}
