// Runs in the process of each test file, before its tests: says who the process is, switches the break on, and says
// afterwards which breaks it reached.
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, inject } from 'vitest';
import type { Reached } from './test-process.js';

interface Switches {
  hitCount?: number;
  hitLimit?: number;
  mutantCoverage?: { readonly static: Reached };
}

const { directory, mutant } = inject('mutants');
const global = globalThis as { __stryker__?: Switches };
/** A loop that a break makes endless ends with an error when it was run through so often. */
const HIT_LIMIT = 1_000_000;
global.__stryker__ = { hitCount: 0, hitLimit: HIT_LIMIT };
// What instrumented sources ask for when they are loaded.
if (mutant === undefined) delete process.env.__STRYKER_ACTIVE_MUTANT__;
else process.env.__STRYKER_ACTIVE_MUTANT__ = mutant;
// What the product says in its log is not of interest here.
process.stderr.write = () => true;
fs.writeFileSync(path.join(directory, 'pid'), String(process.pid));

afterAll(() => {
  fs.writeFileSync(path.join(directory, 'reached'), JSON.stringify(global.__stryker__?.mutantCoverage?.static ?? {}));
});
