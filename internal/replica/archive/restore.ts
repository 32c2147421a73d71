import { join } from 'node:path';
import { FatalError } from '../../machinery/assert.js';
import { type Refounded, type Refounding, restoreSnapshot, verifySnapshot } from '../refound.js';
import { SnapshotFile } from '../snapshot-file.js';
import { type ArchivedBase, listingOf } from './names.js';
import { planRestore, type RestorePlan, type RestorePoint } from './plan.js';
import { replay } from './replay.js';
import type { ArchiveTarget } from './target.js';

type Progress = (what: 'copy' | 'log', done: number, total: number) => void;

/**
 * Makes the data directory of a new cluster of one replica from an archive: the state as of a revision or a time, by default
 * the newest. What must be brought here first lies in `scratch` meanwhile, a directory that is there. Throws FatalError where
 * the archive does not reach there, or is damaged on the way.
 */
export async function restoreArchive(
  target: ArchiveTarget,
  point: RestorePoint,
  options: Refounding,
  scratch: string,
  progress: Progress,
): Promise<Refounded> {
  const { plan, file } = await planned(target, point, scratch);
  return restoreSnapshot(
    file,
    options,
    (done, total) => progress('copy', done, total),
    (state, cluster) => replay(state, cluster, target, plan, point, (done, total) => progress('log', done, total)),
  );
}

/** Rehearses such a restore in an empty directory; the revision that it would restore. Throws FatalError as that would. */
export async function verifyArchive(
  target: ArchiveTarget,
  point: RestorePoint,
  scratch: string,
  progress: Progress,
): Promise<number> {
  const { plan, file } = await planned(target, point, scratch);
  let revision = 0;
  await verifySnapshot(
    file,
    join(scratch, 'state'),
    (done, total) => progress('copy', done, total),
    async (state, cluster) => {
      await replay(state, cluster, target, plan, point, (done, total) => progress('log', done, total));
      ({ revision } = state.meta);
    },
  );
  return revision;
}

async function planned(
  target: ArchiveTarget,
  point: RestorePoint,
  scratch: string,
): Promise<{ plan: RestorePlan; file: string }> {
  const plan = planRestore(listingOf(await target.list()), point);
  const path = await target.file(plan.base.name, scratch);
  await checkName(path, plan.base);
  return { plan, file: path };
}

/** A base that was renamed would be taken for another moment's. */
async function checkName(path: string, base: ArchivedBase): Promise<void> {
  const file = await SnapshotFile.open(path);
  await file.close();
  if (file.header.appliedIndex !== base.index || file.header.revision !== base.revision)
    throw new FatalError(
      `the archived copy ${base.name} is another than its name says: it was renamed. Name it as it was.`,
    );
}
