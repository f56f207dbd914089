import { join } from 'node:path';

import { start } from '../support/programs';

/**
 * Runs a program in a process of its own, to its end, with `latchkey` as the source has it. Returns
 * all that it printed.
 */
export async function runProgram(
  code: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<string> {
  const command = [
    process.execPath,
    '--import',
    'tsx',
    '--input-type=module',
    '--eval',
    code,
  ] as const;
  const program = start(join(__dirname, '../..'), command, variables);
  await program.ended;
  return program.output();
}
