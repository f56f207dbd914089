import { execFileSync, spawnSync } from 'node:child_process';

import { shell } from './terminal';

const scriptFor = async (name: string) => (await shell()(['completion', name])).out;

/** Returns what bash completes the last of the words to. */
function completeInBash(script: string, words: readonly string[]): readonly string[] {
  const line = [
    script,
    `COMP_WORDS=(latchkey ${words.map((word) => `'${word}'`).join(' ')})`,
    `COMP_CWORD=${words.length}`,
    '_latchkey',
    `printf '%s\\n' "\${COMPREPLY[@]}"`,
  ].join('\n');
  const out = execFileSync('bash', ['-c', line], { encoding: 'utf8' });
  return out.split('\n').filter((word) => word !== '');
}

const hasBash = spawnSync('bash', ['--version']).status === 0;

(hasBash ? describe : describe.skip)('the script for bash', () => {
  it.each<[string, readonly string[], readonly string[]]>([
    ['the commands', [''], ['keys', 'clients', 'explain', 'completion', '--json', '--store']],
    ['the commands of keys', ['keys', ''], ['create', 'list', 'rotate', 'revoke', 'import']],
    ['the options of a command', ['keys', 'create', '--s'], ['--subject', '--scope', '--store']],
    ['a command after an option', ['--json', 'clients', 're'], ['register', 'remove']],
  ])('completes %s', async (_, words, expected) => {
    const completed = completeInBash(await scriptFor('bash'), words);
    expect(completed).toEqual(expect.arrayContaining([...expected]));
  });

  it('completes only what begins like the word', async () => {
    expect(completeInBash(await scriptFor('bash'), ['keys', 'ro'])).toEqual(['rotate']);
  });
});

it('loads the functions of bash in zsh', async () => {
  expect(await scriptFor('zsh')).toMatch(/^autoload -U \+X bashcompinit && bashcompinit\n/);
});

it('describes every command and option for fish', async () => {
  const script = await scriptFor('fish');
  expect(script).toContain("-f -a rotate -d 'replace a key");
  expect(script).toContain(
    "__fish_seen_subcommand_from keys; and __fish_seen_subcommand_from list'",
  );
  expect(script.split('\n').every((line) => line.startsWith("complete -c latchkey -n '"))).toBe(
    true,
  );
});

it('quotes apostrophes in descriptions for fish', async () => {
  expect(await scriptFor('fish')).not.toMatch(/[^\\']'s /);
});

it('rejects a shell that it does not know', async () => {
  expect(await shell()(['completion', 'tcsh'])).toMatchObject({ code: 2, out: '' });
});
