import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { FAULT_KINDS } from '../chaos/harness/schedule.js';
import { BUGS } from '../sim/bugs.js';
import { TESTED_BUGS } from '../sim/tested-bugs.js';
import { BOUNDS } from './bounds.js';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8');

const rows = (/^## Bounds$([\s\S]*?)^## /m.exec(read('ARCHITECTURE.md'))?.[1] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| '));

/** The value of a constant whose definition is a product of numbers; seconds and minutes by its name in milliseconds. */
function valueOf(constant: string): number {
  const [file = '', name = ''] = constant.split(':');
  const text = read(file.startsWith('cmd/') ? file : `internal/${file}`);
  const product = new RegExp(`^(?:export )?const ${name} = ([\\d_.* ]+);`, 'm').exec(text)?.[1];
  if (product === undefined) throw new Error(`${constant} is not defined as a product of numbers`);
  const value = product.split('*').reduce((all, factor) => all * Number(factor.replaceAll('_', '')), 1);
  return name.endsWith('_SECONDS') ? value * 1000 : value;
}

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  ms: 1,
  s: 1000,
  second: 1000,
  minute: 60_000,
  minutes: 60_000,
  hour: 3_600_000,
};

/** `3 MiB`, `1,024`, `30 s`, `an hour` as a number; times in milliseconds. */
function numberOf(says: string): number {
  const [, number = '', unit = ''] = /^(\d[\d,.]*|an?|one|once a) ?(\w*)$/.exec(says) ?? [];
  const count = /^\d/.test(number) ? Number(number.replaceAll(',', '')) : 1;
  return count * (UNITS[unit] ?? Number.NaN);
}

test.each(BOUNDS)('%s ... %s is %s', (row, says, constant) => {
  expect(numberOf(says)).toBe(valueOf(constant));
  const found = rows.filter((line) => line.startsWith(`| ${row}`));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(new RegExp(`(?<![\\d.,])${says}(?![\\d,]*\\d)`));
});

test('the README tells how many faults and deliberate bugs there are', () => {
  const [, faults, bugs, hunted, tested] =
    /under \[(\d+) kinds of faults\].* with (\d+) deliberate bugs, of which CI finds (\d+) by seeds and (\d+) by a test/.exec(
      read('README.md'),
    ) ?? [];
  const { length } = TESTED_BUGS;
  expect([faults, bugs, hunted, tested].map(Number)).toEqual([
    FAULT_KINDS.length,
    BUGS.length + length,
    BUGS.length,
    length,
  ]);
});

test('every command that README and CONTRIBUTING name is there', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> };
  const text = `${read('README.md')}\n${read('CONTRIBUTING.md')}`;
  const run = [...text.matchAll(/npm run ([\w-]+)/g)].map((m) => m[1] ?? '');
  expect(run.filter((name) => scripts[name] === undefined)).toEqual([]);
  const files = [...text.matchAll(/`(?:\.\/)?((?:scripts|bench|\.ci)\/[\w./-]+)/g)].map((m) => m[1] ?? '');
  expect(files.filter((file) => !fs.existsSync(path.join(root, file)) && file !== 'bench/results/')).toEqual([]);
  const tests = [...text.matchAll(/npx (?:vitest run|tsx) ([\w./-]+)/g)].map((m) => m[1] ?? '');
  expect(
    tests.filter((file) => ![file, `${file}.test.ts`].some((name) => fs.existsSync(path.join(root, name)))),
  ).toEqual([]);
});

test('the Node versions are those of package.json', () => {
  const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
  expect(engines.node).toBe('>=20.19.0 <21 || >=22.12.0 <23');
  for (const file of ['README.md', 'CONTRIBUTING.md']) expect(read(file)).toMatch(/Node 20\.19\+ or 22\.12\+/);
});
