// Runs in the process of each test file, before its tests: says who the process is, and afterwards which breaks it reached.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll } from 'vitest';
import { type Reached, TEST_PROCESS_DIRECTORY } from './test-process.js';

interface Switches {
  hitCount?: number;
  hitLimit?: number;
  mutantCoverage?: { readonly static: Reached };
}

const directory = process.env[TEST_PROCESS_DIRECTORY] ?? '';
const global = globalThis as { __stryker__?: Switches };
/** A loop that a break makes endless ends with an error when it was run through so often. */
const HIT_LIMIT = 1_000_000;
global.__stryker__ = { hitCount: 0, hitLimit: HIT_LIMIT };
// What the product says in its log is not of interest here.
process.stderr.write = () => true;
fs.writeFileSync(path.join(directory, 'pid'), String(process.pid));

afterAll(() => {
  fs.writeFileSync(path.join(directory, 'reached'), JSON.stringify(global.__stryker__?.mutantCoverage?.static ?? {}));
});
