import { FatalError } from '../machinery/assert.js';
import { decodeMeta, hashText, META_KEY } from '../store/meta.js';
import { StateExport } from '../store/snapshot.js';
import type { StateStore } from '../store/state.js';
import type { Identity } from './identity.js';
import { type SnapshotFileHeader, snapshotFileOf } from './snapshot-file.js';
import { DISPUTED } from './verify.js';

/** A copy of the whole state as of one revision, as the bytes of a snapshot file. */
export interface Backup {
  readonly header: SnapshotFileHeader;
  /** Rejects when a record of the state is damaged: what came before is then no snapshot. */
  readonly bytes: AsyncGenerator<Buffer>;
  /** Gives back what the copy needs; to be called in any case. */
  release(): void;
}

/** Takes a backup of the newest state that readers see. Rejects with FatalError while it is not known whether that is right. */
export async function backupOf(state: StateStore, identity: Identity, disputed: boolean): Promise<Backup> {
  if (disputed) throw new FatalError(DISPUTED);
  const snapshot = await state.takeSnapshot();
  const row = snapshot.get('meta', META_KEY);
  if (row === undefined) {
    snapshot.release();
    throw new FatalError('there is no state to save yet');
  }
  const meta = decodeMeta(row);
  const header: SnapshotFileHeader = {
    version: 1,
    cluster: identity.cluster,
    revision: meta.revision,
    compactRevision: meta.compactRevision,
    appliedIndex: meta.appliedIndex,
    appliedTerm: meta.appliedTerm,
    stateHash: hashText(meta),
    members: [...meta.members.values()].map(({ name, address }) => ({ name, address })),
    createdAt: `${new Date().toISOString().slice(0, 19)}Z`,
  };
  const chunks = new StateExport(snapshot);
  return { header, bytes: snapshotFileOf(header, chunks.chunks()), release: () => chunks.release() };
}
