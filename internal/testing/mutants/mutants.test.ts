import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FOLDERS } from './folders.js';
import { HARMLESS } from './harmless.js';
import { instrument, sample } from './mutants.js';
import { NAMED } from './named.js';
import { brokenSource } from './named-run.js';
import { productFiles, scoreOf, type Verdict } from './score.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const FILE = 'internal/machinery/emptied.ts';

test('breaks are the same for the same seed, each with its place, and leave the source as it is while none is active', async () => {
  const all = await instrument(root, [FILE], (mutants) => mutants);
  const drawn = await instrument(root, [FILE], (mutants) => sample(mutants, 3, 7));
  const again = await instrument(root, [FILE], (mutants) => sample(mutants, 3, 7));
  expect(drawn.mutants).toEqual(again.mutants);
  expect(drawn.mutants).toHaveLength(3);
  expect(all.mutants.length).toBeGreaterThan(3);
  const lines = fs.readFileSync(path.join(root, FILE), 'utf8').split('\n');
  for (const { line, text, original } of all.mutants) {
    expect(lines[line - 1]).toContain(text);
    expect(lines.slice(line - 1).join('\n')).toContain(original);
  }
  for (const { id } of drawn.mutants) expect([...drawn.sources.values()].join('')).toContain(`("${id}")`);
});

test('log lines and assertions are not broken', async () => {
  const file = 'internal/auth/token-cache.ts';
  const { mutants } = await instrument(root, [file], (all) => all);
  expect(mutants.length).toBeGreaterThan(10);
  expect(mutants.filter(({ text }) => text.startsWith('log.') || text.startsWith('const log'))).toEqual([]);
});

test('the score counts what is noticed of what does harm', async () => {
  const { mutants } = await instrument(root, [FILE], (all) => sample(all, 2, 1));
  const [first] = HARMLESS;
  if (mutants[0] === undefined || first === undefined) throw new Error('no breaks');
  const argued = { ...mutants[0], ...first };
  const verdict = (mutant = mutants[0], outcome: Verdict['outcome'] = 'noticed'): Verdict =>
    ({ mutant, outcome, ms: 1 }) as Verdict;
  const verdicts = [
    verdict(),
    verdict(),
    verdict(),
    verdict(mutants[0], 'unreached'),
    verdict(argued, 'survived'),
    verdict(argued, 'late'),
  ];
  expect(scoreOf(verdicts)).toEqual({ killed: 3, argued: 1, survived: 1, late: 1, percent: 75 });
});

test('what is said to do no harm is still there', () => {
  for (const { file, text } of HARMLESS) {
    expect(fs.readFileSync(path.join(root, file), 'utf8'), file).toContain(text);
  }
});

test('every folder has files, none of which is for tests', () => {
  for (const { name } of FOLDERS) {
    const files = productFiles(root, `internal/${name}`);
    expect(files.length, name).toBeGreaterThan(5);
    expect(files.filter((file) => /test/.test(path.basename(file)))).toEqual([]);
  }
});

test('what the named breaks break is there, once, and so is the test that notices', () => {
  for (const named of NAMED) {
    brokenSource(fs.readFileSync(path.join(root, named.file), 'utf8'), named);
    expect(fs.existsSync(path.join(root, named.test)), named.test).toBe(true);
  }
});
