import { execFileSync } from 'node:child_process';

import { ROOT } from './package';

// The validator finds its schemas by import.meta, which Jest's CommonJS lacks.
const PROGRAM = `
  import { Validator } from '@seriousme/openapi-schema-validator';
  import { text } from 'node:stream/consumers';
  const result = await new Validator().validate(JSON.parse(await text(process.stdin)));
  console.log(JSON.stringify(result));
`;

/** Validates an OpenAPI document by the schema of its version. */
export const validateOpenApi = (
  document: object,
): { readonly valid: boolean; readonly errors?: unknown } =>
  JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      cwd: ROOT,
      input: JSON.stringify(document),
      encoding: 'utf8',
    }),
  );
