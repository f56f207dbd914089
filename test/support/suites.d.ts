/** What a module says that it needs. */
export function declaredIn(text: string): readonly string[];
/** Path below the root → what the test needs beside Node. */
export function requirementsByTest(): ReadonlyMap<string, readonly string[]>;
export function isIntegration(requirements: readonly string[]): boolean;
export function missingRequirements(names: readonly string[]): readonly string[];
export const REQUIREMENTS: Readonly<
  Record<
    string,
    { readonly programs: readonly string[]; readonly file?: string; readonly debian?: string }
  >
>;
/** Where PostgreSQL's programs may be, besides the PATH. */
export function postgresFolders(): readonly string[];
