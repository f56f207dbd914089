/** Form of a user code, for example `WDJB-MJHT`: eight letters out of 20, about 34 bits. */
export const USER_CODE_MASK = '****-****';

/** oidc-provider generates codes of consonants, which form no words and do not look like digits. */
const OTHER_CHARACTERS = /[^BCDFGHJKLMNPQRSTVWXZ]/g;
const USER_CODE_LENGTH = 8;
const MAX_TYPED_LENGTH = 64;

/**
 * Reads a user code as somebody typed it: in either case, with or without separators. Characters
 * that no code has are ignored.
 *
 * @returns The eight letters in upper case, or undefined if it is no user code.
 * @see https://www.rfc-editor.org/rfc/rfc8628#section-6.1
 */
export function readUserCode(typed: string): string | undefined {
  const code = typed
    .slice(0, MAX_TYPED_LENGTH)
    // Input methods for Japanese type full-width letters.
    .normalize('NFKC')
    .toUpperCase()
    .replace(OTHER_CHARACTERS, '');
  return code.length === USER_CODE_LENGTH ? code : undefined;
}

/** Returns a user code as the device shows it. */
export const showUserCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;
