import {
  type Comment,
  type DeclarationReflection,
  type ProjectReflection,
  ReflectionKind,
  type SignatureReflection,
} from 'typedoc';

/** Functions that throw nothing of their own. */
const NEVER_THROW = new Set([
  'bearer',
  'consentPage',
  'credentialStoreContract',
  'findAuth',
  'hasScopes',
  'memoryStore',
  'stateStoreContract',
  'toAuthInfo',
  'toResponse',
]);

const OBJECTS = ReflectionKind.Interface | ReflectionKind.TypeAlias | ReflectionKind.Class;

export interface Coverage {
  /** Share of the exported names that have a docstring. */
  readonly names: number;
  /** Share of their members that have one. */
  readonly members: number;
  /** What is missing, by the folder of `src` that has to be changed. */
  readonly missing: ReadonlyMap<string, readonly string[]>;
}

/** Measures the docstrings of everything that the package exports. */
export function measure(project: ProjectReflection): Coverage {
  const missing = new Map<string, string[]>();
  const report = (reflection: DeclarationReflection, problem: string) => {
    const path = project.getSymbolIdFromReflection(reflection)?.packagePath ?? '?';
    const room = path.replace(/^src\//, '').split('/')[0] as string;
    missing.set(room, [
      ...(missing.get(room) ?? []),
      `${path}: ${fullName(reflection)}: ${problem}`,
    ]);
  };
  const shareOf = (reflections: readonly DeclarationReflection[]) => {
    const undocumented = reflections.filter((reflection) => commentsOf(reflection).length === 0);
    undocumented.forEach((reflection) => report(reflection, 'docstring'));
    return 1 - undocumented.length / reflections.length;
  };

  const exported = (project.children ?? [])
    .flatMap(({ children = [] }) => children)
    .filter(({ kind }) => kind !== ReflectionKind.Reference);
  const members = exported
    .filter((reflection) => reflection.kindOf(OBJECTS))
    .flatMap(membersOf)
    .filter(({ inheritedFrom }) => inheritedFrom === undefined);
  const coverage = { names: shareOf(exported), members: shareOf(members), missing };

  for (const member of members.filter(({ parent }) => parent && /Options$/.test(parent.name))) {
    if (lacksDefault(member)) {
      report(member, '@default');
    }
  }
  for (const reflection of exported.filter(({ kind }) => kind === ReflectionKind.Function)) {
    tagsMissing(reflection).forEach((tag) => report(reflection, tag));
  }
  return coverage;
}

const fullName = (reflection: DeclarationReflection): string =>
  reflection.getFullName().replace(/\.__type/g, '');

/** The properties and methods of an interface, or of a type that is written as an object. */
function membersOf(reflection: DeclarationReflection): DeclarationReflection[] {
  const found = [...(reflection.children ?? [])];
  reflection.type?.visit({
    reflection: ({ declaration }) => void found.push(...(declaration.children ?? [])),
  });
  return found;
}

/** The docstring of a declaration, or of its call signatures. */
function commentsOf(reflection: DeclarationReflection): Comment[] {
  const own = [reflection, ...signaturesOf(reflection)].map(({ comment }) => comment);
  return own.filter(
    (comment) => comment !== undefined && comment.hasVisibleComponent(),
  ) as Comment[];
}

/** Whether the text says what the default is, and no tag does. */
function lacksDefault(reflection: DeclarationReflection): boolean {
  return commentsOf(reflection).some(
    (comment) =>
      comment.summary.some(({ text }) => /\bby default\b/.test(text)) &&
      comment.getTag('@default') === undefined,
  );
}

function signaturesOf(reflection: DeclarationReflection): SignatureReflection[] {
  const typed = reflection.type?.type === 'reflection' ? reflection.type.declaration : undefined;
  return [...(reflection.signatures ?? []), ...(typed?.signatures ?? [])];
}

/** Tags that every exported function has, as far as they apply to it. */
function tagsMissing(reflection: DeclarationReflection): string[] {
  const signatures = signaturesOf(reflection);
  const has = (tag: `@${string}`) =>
    signatures.some(({ comment }) => comment?.getTag(tag) !== undefined);
  const parameters = new Set(signatures.flatMap(({ parameters: list = [] }) => list));
  const undescribed = [...parameters]
    .filter(({ comment }) => !comment?.hasVisibleComponent())
    .map(({ name }) => `@param ${name}`);
  const tags = (['@returns', '@throws', '@example'] as const)
    .filter((tag) => tag !== '@throws' || !NEVER_THROW.has(reflection.name))
    .filter((tag) => !has(tag));
  return [...undescribed, ...tags];
}
