import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import {
  Application,
  Comment,
  type Context,
  Converter,
  type DeclarationReflection,
  LiteralType,
  type ProjectReflection,
  ReflectionKind,
  type TypeDocOptions,
  UnionType,
} from 'typedoc';
import ts from 'typescript';

const ROOT = new URL('../../', import.meta.url);

/** What each subpath of the package is for. */
const PURPOSE: Readonly<Record<string, string>> = {
  latchkey: 'Guards, extractors, verifiers, and the store in memory.',
  'latchkey/authorization-server': 'An OAuth 2.0 authorization server for your API.',
  'latchkey/fastify': 'Guards as a Fastify plugin.',
  'latchkey/forward-auth': 'Guards for the forward authentication of nginx and Traefik.',
  'latchkey/introspection': 'Verifies opaque tokens by token introspection (RFC 7662).',
  'latchkey/management': 'An API and pages with which users manage their keys and apps.',
  'latchkey/nestjs': 'Guards and decorators for NestJS.',
  'latchkey/openapi': 'Security schemes and requirements for OpenAPI documents.',
  'latchkey/opentelemetry': 'Metrics and span attributes of decisions.',
  'latchkey/redis': 'Stores credentials and state in Redis.',
  'latchkey/sql': 'Stores credentials and state in PostgreSQL, MySQL, MariaDB or SQLite.',
  'latchkey/testing': 'Fake principals, a search for unguarded routes, and the store contracts.',
  'latchkey/web': 'Guards for web `Request` and `Response`.',
};

/** Types that exported types are made of, and that no user names. */
const NOT_EXPORTED = [
  'ClaimValue',
  'CredentialsTable',
  'GuardSettings',
  'Handler',
  'IoredisClient',
  'IoredisCluster',
  'NodeRedisClient',
  'NodeRedisCluster',
  'PrivateKeyInput',
  'ProofOfPossession',
  'ProviderConfiguration',
  'SchemaTable',
  'StateTable',
  'UsageTable',
  'WebHeaders',
];

/** Where TypeDoc's warnings begin in its log levels. */
const WARN = 2;

export interface Reference {
  readonly project: ProjectReflection;
  /** What TypeDoc warned of. */
  readonly warnings: readonly string[];
  /** Writes the Markdown files. */
  readonly render: (folder: string) => Promise<void>;
}

/** Reads the exported declarations and docstrings of every entry point. */
export async function readReference(): Promise<Reference> {
  const modules = entryPoints();
  const app = await Application.bootstrapWithPlugins(optionsFor([...modules.values()]));
  const warnings: string[] = [];
  app.logger.log = (message, level) => void (Number(level) >= WARN && warnings.push(message));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, (context) => {
    nameModules(context.project, modules);
    for (const alias of context.project.getReflectionsByKind(ReflectionKind.TypeAlias)) {
      listNames(context, alias as DeclarationReflection);
    }
  });

  const project = await app.convert();
  if (!project) {
    throw new Error(`TypeDoc could not read the sources:\n${warnings.join('\n')}`);
  }
  app.validate(project);
  return {
    project,
    warnings,
    render: (folder) => app.outputs.writeOutput({ name: 'markdown', path: folder }, project),
  };
}

/** Subpath of the package → its source file, as `tsconfig.json` maps them. */
function entryPoints(): Map<string, string> {
  const { compilerOptions } = JSON.parse(readFileSync(new URL('tsconfig.json', ROOT), 'utf8')) as {
    compilerOptions: { paths: Record<string, [string]> };
  };
  const entries = Object.entries(compilerOptions.paths)
    // It adds to the types of Express and exports nothing.
    .filter(([name]) => name !== 'latchkey/augment')
    .map(([name, [file]]) => [name, file.replace(/^\.\//, '')] as const);
  return new Map(entries);
}

const pathTo = (file: string) => fileURLToPath(new URL(file, ROOT));

function optionsFor(files: readonly string[]): TypeDocOptions {
  const options = {
    plugin: ['typedoc-plugin-markdown'],
    name: 'API reference',
    tsconfig: pathTo('scripts/docs/tsconfig.json'),
    entryPoints: files.map(pathTo),
    readme: 'none',
    router: 'module',
    // The types are checked by `npm run types`.
    skipErrorChecking: true,
    // Lines and revisions of the source would change the reference with every commit.
    disableSources: true,
    disableGit: true,
    excludeInternal: true,
    excludeExternals: true,
    sort: ['alphabetical'],
    groupOrder: ['Functions', 'Variables', 'Interfaces', 'Type Aliases'],
    hidePageHeader: true,
    hideBreadcrumbs: true,
    useCodeBlocks: true,
    // Its own numbers for repeated headings are not those of other Markdown renderers.
    useHTMLAnchors: true,
    expandObjects: true,
    intentionallyNotExported: NOT_EXPORTED,
    parametersFormat: 'table',
    interfacePropertiesFormat: 'table',
    typeAliasPropertiesFormat: 'table',
    typeDeclarationFormat: 'table',
    indexFormat: 'table',
    tableColumnSettings: { hideInherited: true, hideModifiers: true, hideOverrides: true },
  };
  return options as TypeDocOptions;
}

/** Shows a type such as `(typeof NAMES)[number]` as the union of the names. */
function listNames(context: Context, reflection: DeclarationReflection): void {
  const [node] = context.getSymbolFromReflection(reflection)?.declarations ?? [];
  if (!node || !ts.isTypeAliasDeclaration(node)) {
    return;
  }
  const type = context.programs[0]?.getTypeChecker().getTypeAtLocation(node.name);
  const isComputed = ts.isIndexedAccessTypeNode(node.type) || ts.isTypeOperatorNode(node.type);
  if (isComputed && type?.isUnion() && type.types.every((member) => member.isStringLiteral())) {
    reflection.type = new UnionType(type.types.map(({ value }) => new LiteralType(value)));
  }
}

function purposeOf(name: string): string {
  const purpose = PURPOSE[name];
  if (purpose === undefined) {
    throw new Error(`PURPOSE in scripts/docs/reference.ts does not describe ${name}`);
  }
  return purpose;
}

/** Gives every module the name by which it is imported, and a description. */
function nameModules(project: ProjectReflection, modules: ReadonlyMap<string, string>): void {
  for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
    const file = project.getSymbolIdFromReflection(module)?.packagePath;
    const [name] = [...modules].find(([, entry]) => entry === file) ?? [];
    if (name === undefined) {
      throw new Error(`No subpath of the package is ${file}`);
    }
    module.name = name;
    module.comment ??= new Comment([{ kind: 'text', text: purposeOf(name) }]);
  }
}
