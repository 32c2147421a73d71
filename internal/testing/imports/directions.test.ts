import { expect, test } from 'vitest';
import { foldersOfMap, wrongDirections } from './directions.js';

const MAP = `# Architecture

## The map

| folder | subject |
| --- | --- |
| \`internal/rest/\` | verbs |
| \`internal/rest/write/\`, \`connect/\` | parts of it |
| \`internal/store/\`, \`proto/\` | the key space |
| \`bench/\` | load |

## One write

| \`internal/no/\` | in no map |
`;

test('the order of the folders is that of the map', () => {
  expect(foldersOfMap(MAP)).toEqual(['internal/rest/', 'internal/store/']);
});

test('an import up the map is told, one down or inside a folder is not', () => {
  const folders = foldersOfMap(MAP);
  const wrong = (from: string, to: string): string[] => wrongDirections([{ from, to }], folders);
  expect(wrong('internal/rest/write/plan.ts', 'internal/store/types.ts')).toEqual([]);
  expect(wrong('internal/rest/write/plan.ts', 'internal/rest/get.ts')).toEqual([]);
  expect(wrong('internal/store/state.ts', 'internal/rest/get.ts')).toEqual([
    'internal/store/state.ts: imports internal/rest/get.ts: internal/rest/ stands above internal/store/ in the map of ARCHITECTURE.md',
  ]);
  expect(wrong('internal/new/x.ts', 'internal/store/state.ts')).toEqual([
    'internal/new/x.ts: is in no folder of the map in ARCHITECTURE.md',
  ]);
});

test('only tests import what is for tests', () => {
  const folders = foldersOfMap(MAP);
  const wrong = (from: string): string[] => wrongDirections([{ from, to: 'internal/store/kit.testkit.ts' }], folders);
  expect(wrong('internal/store/state.test.ts')).toEqual([]);
  expect(wrong('internal/store/state.ts')).toEqual([
    'internal/store/state.ts: imports internal/store/kit.testkit.ts, which is for tests',
  ]);
});
