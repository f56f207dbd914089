/** Characters that break a line or control a device. */
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/**
 * Characters that nobody sees: format characters, which can also change the direction of text,
 * fillers, blank symbols and code points without a character.
 */
const INVISIBLE = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]+/gu;
/** Characters that change the direction of the text around them. */
const DIRECTIONS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Returns a text without the characters that nobody sees, with single spaces. */
export const toVisibleText = (text: string): string =>
  text.replaceAll(BREAKS, ' ').replaceAll(INVISIBLE, '').replaceAll(/\s+/g, ' ').trim();

/** Whether a name can be shown: without control characters and directions, and not invisible. */
export const isVisibleName = (text: string): boolean =>
  !/\p{Cc}/u.test(text) && !DIRECTIONS.test(text) && toVisibleText(text) !== '';
