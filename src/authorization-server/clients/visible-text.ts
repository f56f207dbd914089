/** Characters that break a line or control a device. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/**
 * Invisible characters: format characters, which can also change the direction of text,
 * fillers, blank symbols and code points without a character.
 */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]+/gu;

/** Returns a text without invisible characters, with single spaces. */
export const toVisibleText = (text: string): string =>
  text.replaceAll(BREAKS, ' ').replaceAll(INVISIBLE, '').replaceAll(/\s+/g, ' ').trim();

/** Whether a name has no control characters, and something that can be seen. */
export const isVisibleName = (text: string): boolean =>
  !/\p{Cc}/u.test(text) && toVisibleText(text) !== '';
