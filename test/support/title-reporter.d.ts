export declare function titleErrors(
  tests: readonly { readonly title: string; readonly fullName: string }[],
): string[];
