import type { TypeTable } from '../grammar.js';

/** Types of pkg.version; one line per field, see ../grammar.ts. */
export const types = {
  Info: {
    '': '|',
    major: 'string 0 required always |',
    minor: 'string 0 required always |',
    emulationMajor: 'string 0 |',
    emulationMinor: 'string 0 |',
    minCompatibilityMajor: 'string 0 |',
    minCompatibilityMinor: 'string 0 |',
    gitVersion: 'string 0 required always |',
    gitCommit: 'string 0 required always |',
    gitTreeState: 'string 0 required always |',
    buildDate: 'string 0 required always |',
    goVersion: 'string 0 required always |',
    compiler: 'string 0 required always |',
    platform: 'string 0 required always |',
  },
} as const satisfies TypeTable;
