import { ERROR_CODES } from '../../src/internal/errors';

const HEAD = `# Error codes

Every error that Latchkey throws has a \`code\`. Codes are stable; messages are not.

\`\`\`text
if (error.code === 'ERR_LATCHKEY_TIMEOUT') …
\`\`\`

A code says what your code or a dependency did wrong. Why a request was rejected is a
[reason](../errors.md#every-reason), which is not an error.

| code | thrown when |
| ---- | ----------- |
`;

/** The page of the reference that lists every error code. */
export const errorPage = (): string =>
  HEAD +
  Object.entries(ERROR_CODES)
    .map(([code, meaning]) => `| \`${code}\` | ${meaning.replaceAll('|', '\\|')} |\n`)
    .join('');
