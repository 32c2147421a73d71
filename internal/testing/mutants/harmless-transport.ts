import type { Argued } from './harmless.js';

const argued = (file: string, why: string, text: string, ...replacements: readonly string[]): Argued[] =>
  replacements.map((replacement) => ({ file: `internal/transport/${file}`, text, replacement, why }));

/** Of `transport`, beside those in harmless-consensus.ts. */
export const HARMLESS_TRANSPORT: readonly Argued[] = [
  ...argued(
    'address.ts',
    'an address has no bracket elsewhere',
    "return { host: address.slice(0, at).replace(/^\\[|\\]$/g, ''), port: Number(address.slice(at + 1)) };",
    '/\\[|\\]$/g',
    '/^\\[|\\]/g',
  ),
  ...argued(
    'metadata.ts',
    'what is undefined is read as none',
    "if (self.address !== undefined) metadata.set('quorate-address', self.address);",
    'true',
  ),
  ...argued(
    'metadata.ts',
    'what is no number is read as none',
    "if (self.logVersion !== undefined) metadata.set('quorate-log-version', String(self.logVersion));",
    'true',
  ),
  ...argued(
    'metadata.ts',
    'no version is 0',
    'logVersion: Number.isSafeInteger(logVersion) && logVersion > 0 ? logVersion : 0,',
    'logVersion >= 0',
  ),
  ...argued(
    'metadata.ts',
    'a text that is split has a first part',
    "const [boots = '', id = ''] = start.split(':');",
    '"Stryker was here!"',
  ),
];
