import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

/** Runs a tool as `npm run` does, without npm, which takes as long again. */
function run(tool: string, ...args: string[]): { code: number | null; text: string } {
  const main = `internal/testing/${tool}/main.ts`;
  const { status, stderr, stdout } = spawnSync(process.execPath, ['--import', 'tsx', main, ...args], {
    encoding: 'utf8',
  });
  return { code: status, text: `${stdout}${stderr}`.trim() };
}

it.each([
  ['sim', '--seeds', 'abc', '--seeds must be a number of at least 1, not "abc"'],
  ['sim', '--seeds', '0', '--seeds must be a number of at least 1, not "0"'],
  ['sim', '--seeds', '1.5', '--seeds must be a whole number, not "1.5"'],
  ['sim', '--first', '', '--first must be a number of at least 0, not ""'],
  ['sim', '--bug', 'none', 'no such deliberate bug: none (--bug list names them)'],
  ['chaos', '--minutes', 'long', '--minutes must be a number of at least 0, not "long"'],
  ['chaos', '--replicas', '2000', '--replicas must be a number from 1 to 9, not "2000"'],
  ['chaos', '--faults', 'earthquake', 'no such fault: earthquake'],
])('%s %s %s is refused with a sentence', (tool, option, value, sentence) => {
  expect(run(tool, option, value)).toEqual({ code: 2, text: `${sentence} (--help lists the options)` });
});

it('an unknown option is a sentence, not a stack trace', () => {
  for (const tool of ['sim', 'chaos']) {
    const { code, text } = run(tool, '--sedes', '5');
    expect(code).toBe(2);
    expect(text).toMatch(/^Unknown option '--sedes'.*\(--help lists the options\)$/);
  }
});
