/** What of a secret a text gives away: all of it, and its randomness alone. */
export const tellsOf = (text: string, secret: string): readonly string[] =>
  [secret, secret.slice('osir_live_'.length, -6)].filter((part) => text.includes(part));
