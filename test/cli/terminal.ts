import { run } from '../../src/cli/run';

/** What a command line printed, and how it ended. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs command lines as a shell would, on one store. */
export const shell =
  (env: Readonly<Record<string, string>> = {}) =>
  async (args: readonly string[], input = ''): Promise<Printed> => {
    const out: string[] = [];
    const err: string[] = [];
    const code = await run(args, {
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
      input: async () => input,
      env,
    });
    return { code, out: out.join('\n'), err: err.join('\n') };
  };
