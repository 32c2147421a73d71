import { isTestFile } from './directions.js';

/** A source file of the product, by its path below the repository's root. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** A call that has one caller beside tests: whoever else wants it goes through that. */
interface Seam {
  readonly call: RegExp;
  readonly name: string;
  readonly caller: string;
}

const SEAMS: readonly Seam[] = [
  { name: 'Backend.txn', call: /\bbackend\.txn\(/, caller: 'internal/rest/write/plan.ts' },
  {
    name: 'AdmissionChain.admit',
    call: /\b(?:\w*[cC]hain|\w*[aA]dmission)\)?\.admit\(/,
    caller: 'internal/rest/write/admission.ts',
  },
];

/** Node's own recursive mkdir never returns where a parent answers ENOENT, as /proc does: machinery/directory.ts makes them. */
const RECURSIVE_MKDIR = /\bmkdir(?:Sync)?\([^;]*?recursive: true/;

/** Lines that a file of the product has at most. */
const LINES_MAX = 400;
/** Tables of data may be longer. */
const TABLES = ['internal/schema/tables/', 'internal/registry/default-objects/cluster-roles.ts'];

/** What is wrong with the product's files: those that are too long, directories made with a call that may not return, and calls of a seam beside its one caller. */
export function wrongFiles(sources: readonly Source[]): string[] {
  const wrong: string[] = [];
  for (const { file, text } of sources) {
    if (isTestFile(file) || file.startsWith('internal/testing/')) continue;
    const lines = text.split('\n').length - 1;
    if (lines > LINES_MAX && !TABLES.some((table) => file.startsWith(table))) {
      wrong.push(`${file}: has ${lines} lines, more than ${LINES_MAX}`);
    }
    if (RECURSIVE_MKDIR.test(text)) wrong.push(`${file}: makes directories otherwise than with makeDirectory`);
    for (const { name, call, caller } of SEAMS) {
      if (file !== caller && call.test(text)) wrong.push(`${file}: calls ${name}, which only ${caller} may call`);
    }
  }
  for (const { name, call, caller } of SEAMS) {
    const source = sources.find(({ file }) => file === caller);
    if (source === undefined || !call.test(source.text)) wrong.push(`${caller}: does not call ${name}`);
  }
  return wrong;
}
