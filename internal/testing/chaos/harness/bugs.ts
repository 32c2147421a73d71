import { BUGS, type Patch } from '../../sim/bugs.js';

/** A deliberate mistake in real replicas. */
export interface RealBug extends Patch {
  /** What it breaks. */
  readonly about: string;
}

/** Mistakes of the serving side, which the simulator does not run, and those that need no loss of power to be seen. */
const SERVING: readonly RealBug[] = [
  {
    name: 'watch-resumes-too-late',
    about: 'a watch that is resumed leaves out what happened at the revision after its own',
    file: 'rest/watch.ts',
    find: 'if (options.sendInitialEvents !== true) return wanted;',
    replace: 'if (options.sendInitialEvents !== true) return wanted + 1;',
  },
  {
    name: 'watch-resumes-too-early',
    about: 'a watch that is resumed repeats what happened at its own revision',
    file: 'rest/watch.ts',
    find: 'if (options.sendInitialEvents !== true) return wanted;',
    replace: 'if (options.sendInitialEvents !== true) return Math.max(backend.compactRevision, wanted - 1);',
  },
  {
    name: 'bookmark-promises-too-much',
    about: 'a bookmark names a revision of which the events are still to come (kubernetes#130767)',
    file: 'rest/watcher.ts',
    find: 'this.write(this.cls.encoding.bookmark(Math.max(this.floor, position), false));',
    replace: 'this.write(this.cls.encoding.bookmark(Math.max(this.floor, position) + 3, false));',
  },
  {
    name: 'get-from-the-own-state',
    about: 'a GET is answered from what this replica has applied, however far behind it is (kubernetes#59848)',
    file: 'rest/get.ts',
    find: "if (resourceVersion === '') return backend.readBarrier();",
    replace: "if (resourceVersion === '') return Promise.resolve();",
  },
  {
    name: 'update-without-compare',
    about: 'an update is stored although the object has changed since it was read: the other update is lost',
    file: 'store/machine.ts',
    find: 'found === compare.modRevision : found > 0;',
    replace: 'found > 0 === compare.modRevision > 0 : found > 0;',
  },
];

/** Deliberate bugs that `npm run chaos -- --bug` builds into real replicas: these, and those of the simulator. */
export const REAL_BUGS: readonly RealBug[] = [...SERVING, ...BUGS.filter((bug) => !bug.file.startsWith('testing/'))];

/** Throws with the names that there are. */
export function findRealBug(name: string): RealBug {
  const bug = REAL_BUGS.find((b) => b.name === name);
  if (bug !== undefined) return bug;
  throw new Error(`no bug is named ${name}; there are: ${REAL_BUGS.map((b) => b.name).join(', ')}`);
}
