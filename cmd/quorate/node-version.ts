/** The first minor release of each major one of Node that quorate runs on: `engines` of package.json. */
const FIRST_MINOR: ReadonlyMap<number, number> = new Map([
  [20, 19],
  [22, 12],
]);

/** What is wrong with this version of Node (`process.versions.node`), in a sentence; undefined where quorate runs on it. */
export function nodeFault(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const first = FIRST_MINOR.get(major);
  if (first !== undefined && minor >= first) return undefined;
  const wanted = [...FIRST_MINOR].map(([of, from]) => `${of}.${from} or a later ${of}`).join(', or ');
  return `this is Node ${version}, and quorate needs ${wanted}: install one of them, and put it first in PATH`;
}
