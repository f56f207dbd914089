const BASE64 = /^[A-Za-z0-9+/_=\r\n-]{40,}$/;
/** The base64 of `-----BEGIN`. */
const ENCODED_PEM = 'LS0tLS1CRUdJTi';

/**
 * Returns the likely reason why a text is not a key, and the fix, for the usual mistakes with keys
 * from environment variables. It never quotes the text.
 */
export function explainKeyText(text: string): string | undefined {
  if (text.includes('-----BEGIN')) {
    return explainPem(text);
  }
  if (text.trimStart().startsWith(ENCODED_PEM)) {
    return 'it is a PEM in base64; decode it with Buffer.from(key, "base64")';
  }
  if (text.trimStart().startsWith('{')) {
    return 'it is JSON text; pass the object, JSON.parse(key)';
  }
  if (BASE64.test(text)) {
    return 'the lines "-----BEGIN …-----" and "-----END …-----" of a PEM are missing';
  }
  return undefined;
}

function explainPem(text: string): string | undefined {
  if (text.includes('\\n')) {
    return String.raw`its line breaks are written as "\n", a backslash and an n; restore them with key.replaceAll('\\n', '\n')`;
  }
  if (!/-----BEGIN [A-Z0-9 ]+-----[ \t]*\r?\n/.test(text)) {
    return 'its line breaks are missing';
  }
  if (!text.includes('-----END ')) {
    return 'its END line is missing';
  }
  return undefined;
}
