/** A deliberate mistake: `find` in `file` (under internal/) becomes `replace`. */
export interface Bug {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Seeds within which the simulator must find it. */
  readonly seedsMax: number;
}

export const BUGS: readonly Bug[] = [];

export function findBug(name: string): Bug {
  const bug = BUGS.find((b) => b.name === name);
  if (bug === undefined) throw new Error(`no bug is named ${name}; there are: ${BUGS.map((b) => b.name).join(', ')}`);
  return bug;
}
