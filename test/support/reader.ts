import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import ts from 'typescript';

import { instructionsOf, type Step } from './markdown';
import { manifest, readText, writeFiles } from './package';
import { type Answer, ask, freePort, type Program, ready, run, start } from './programs';

// @requires curl

/** The type of the modules in a folder that is set up as the README says. */
const MODULE_TYPE = /^npm pkg set type=(\w+)$/m.exec(readText('README.md'))?.[1];

/**
 * Does what a document tells its reader to do, in a folder of its own below `workshop`, where
 * packages are installed: writes, compiles, starts and asks. Returns what turned out otherwise than
 * the document says.
 */
export async function faultsOf(
  workshop: string,
  name: string,
  markdown: string,
): Promise<string[]> {
  const port = String(await freePort());
  const { files, steps, scripts, faults } = instructionsOf(markdown.replace(/\b3000\b/g, port));
  const folder = join(workshop, name.replaceAll(/\W+/g, '-'));
  writeFiles(folder, {
    ...files,
    'package.json': JSON.stringify({ type: MODULE_TYPE }),
    'tsconfig.json': /^\{ "compilerOptions": .*\}$/m.exec(markdown)?.[0] ?? '{}',
  });
  return [
    ...faults,
    ...scripts
      .filter((script) => !(script in manifest.scripts))
      .map((script) => `package.json has no script ${script}`),
    ...compile(workshop, folder, Object.keys(files)),
    ...(await parse(folder, Object.keys(files))),
    ...(await follow(folder, steps, Number(port))),
  ];
}

const COMPILER_OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  experimentalDecorators: true,
  types: ['node', 'jest'],
  skipLibCheck: true,
};
const host = ts.createCompilerHost(COMPILER_OPTIONS);
const readSource = host.getSourceFile.bind(host);
const libraries = new Map<string, ts.SourceFile | undefined>();
// The declarations of libraries are the same for every document: they are read once.
host.getSourceFile = (file, ...rest) => {
  if (!file.includes('/node_modules/')) {
    return readSource(file, ...rest);
  }
  if (!libraries.has(file)) {
    libraries.set(file, readSource(file, ...rest));
  }
  return libraries.get(file);
};

function compile(workshop: string, folder: string, files: readonly string[]): string[] {
  const sources = files.filter((file) => /\.[cm]?ts$/.test(file)).map((file) => join(folder, file));
  if (sources.length === 0) {
    return [];
  }
  const program = ts.createProgram(
    sources,
    { ...COMPILER_OPTIONS, typeRoots: [join(workshop, 'node_modules/@types')] },
    host,
  );
  return ts
    .getPreEmitDiagnostics(program)
    .map((diagnostic) =>
      ts.formatDiagnostic(diagnostic, { ...host, getCurrentDirectory: () => folder }).trim(),
    );
}

async function parse(folder: string, files: readonly string[]): Promise<string[]> {
  const sources = files.filter((file) => /\.[cm]?js$/.test(file));
  const outcomes = await Promise.allSettled(
    sources.map((file) => run(folder, ['node', '--check', file])),
  );
  return outcomes.flatMap((outcome) =>
    outcome.status === 'rejected' ? [String(outcome.reason)] : [],
  );
}

async function follow(folder: string, steps: readonly Step[], port: number): Promise<string[]> {
  const faults: string[] = [];
  /** What programs printed that have ended; a server's is good for as long as it runs. */
  const kept: Record<string, string> = {};
  let program: Program | undefined;
  let answer: Answer | undefined;

  const startAnew = async (command: string) => {
    await program?.stop();
    program = start(folder, ['sh', '-c', command]);
    await ready(program, port);
    if (!program.running()) {
      Object.assign(kept, variablesOf(program));
    }
  };
  const askFor = async (curl: string, status: number): Promise<string[]> => {
    if (!program) {
      return ['nothing was started that could be asked'];
    }
    answer = await ask(curl.replace(/^curl /, 'curl -i '), await printedFor(curl, program, kept));
    return answer.status === status
      ? []
      : [`${answer.status} instead of ${status}: ${curl}\n${answer.body}\n${program.output()}`];
  };
  const compare = (shown: string): string[] => {
    if (!answer) {
      return ['an answer to nothing'];
    }
    const { head, body } = answer;
    return unlike(shown, answer).map(
      (line) => `not in the answer: ${line}\n${[...head, '', body].join('\n')}`,
    );
  };

  try {
    for (const step of steps) {
      let found: string[] = [];
      if (step.does === 'start') {
        await startAnew(step.command);
      } else if (step.does === 'ask') {
        found = await askFor(step.curl, step.status);
      } else {
        found = compare(step.answer);
      }
      faults.push(...found.map((fault) => `line ${step.line}: ${fault}`));
    }
  } catch (error) {
    faults.push((error as Error).message);
  } finally {
    await program?.stop();
  }
  return faults;
}

const variablesOf = (program: Program) =>
  Object.fromEntries(
    [...program.printed().matchAll(/^([A-Z][A-Z0-9_]*)=(\S+)$/gm)].map(([, name, value]) => [
      name as string,
      value as string,
    ]),
  );

/** The values of a line's variables, once the program has printed them all. */
async function printedFor(
  line: string,
  program: Program,
  kept: Record<string, string>,
): Promise<Record<string, string>> {
  const names = [...line.matchAll(/\$([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name as string);
  for (const deadline = Date.now() + 10_000; ; await setTimeout(20)) {
    const values = { ...kept, ...variablesOf(program) };
    const missing = names.find((name) => !(name in values));
    if (missing === undefined) {
      return values;
    }
    if (!program.running() || Date.now() > deadline) {
      throw new Error(`Nothing printed ${missing}=…, for: ${line}\n${program.output()}`);
    }
  }
}

/** The shown lines that the answer does not have. */
function unlike(shown: string, { head, body }: Answer): string[] {
  const [shownHead = '', shownBody = ''] = shown.trimEnd().split(/\n\n([^]*)/);
  const lines = shownHead
    .split('\n')
    .filter((line) => !head.some((real) => isLike(lowerName(line), lowerName(real))));
  return shownBody === '' || isLike(shownBody, body.trimEnd()) ? lines : [...lines, shownBody];
}

const lowerName = (line: string) => line.replace(/^[\w-]+:/, (name) => name.toLowerCase());

/** Whether the text is the shown one, in which `…` stands for anything. */
function isLike(shown: string, text: string): boolean {
  const literal = shown.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${literal.join('[^]*')}$`).test(text);
}
