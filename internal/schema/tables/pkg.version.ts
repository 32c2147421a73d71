import type { TypeTable } from '../grammar.js';

/** Types of pkg.version; one line per field, see ../grammar.ts. */
export const types = {
  Info: {
    '': '| Version of the server.',
    major: 'string 0 required always | Major number of the API.',
    minor: 'string 0 required always | Minor number of the API.',
    emulationMajor: 'string 0 | Major number of the version that is emulated.',
    emulationMinor: 'string 0 | Minor number of the version that is emulated.',
    minCompatibilityMajor: 'string 0 | Major number of the oldest version that works with this.',
    minCompatibilityMinor: 'string 0 | Minor number of the oldest version that works with this.',
    gitVersion: 'string 0 required always | Version with everything.',
    gitCommit: 'string 0 required always | Commit that was built.',
    gitTreeState: 'string 0 required always | clean, or dirty when something was not committed.',
    buildDate: 'string 0 required always | When it was built.',
    goVersion: 'string 0 required always | Version of the language runtime.',
    compiler: 'string 0 required always | What built or runs it.',
    platform: 'string 0 required always | Operating system and processor.',
  },
} as const satisfies TypeTable;
