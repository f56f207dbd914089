const isOptionalSpace = (code: number): boolean => code === 0x20 || code === 0x09;

/**
 * Removes spaces and tabs from both ends (OWS, RFC 9110 §5.6.3). A regular expression for the end
 * of a string takes quadratic time, so this is a loop.
 */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOptionalSpace(text.charCodeAt(start))) {
    start++;
  }
  while (end > start && isOptionalSpace(text.charCodeAt(end - 1))) {
    end--;
  }
  return text.slice(start, end);
}
