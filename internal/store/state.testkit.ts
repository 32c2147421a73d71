import { type Command, encodeProposal } from './command.js';
import { StateExport } from './snapshot.js';
import type { StateOptions } from './state-options.js';
import { StateStore } from './state.js';

const nothing = (): void => undefined;

/** The state in a directory, of a cluster with member 1 alone; what it cannot go on with is thrown. */
export function openState(path: string, more: Partial<StateOptions> = {}): StateStore {
  return new StateStore({
    path,
    conf: { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
    members: new Map(),
    onVisible: nothing,
    onDurable: nothing,
    onDiskFull: nothing,
    onFatal: (error) => {
      throw error;
    },
    ...more,
  });
}

/** Applies the next entry, of one proposer and with time 0. */
export function applyTo(state: StateStore, ...commands: readonly Command[]): ReturnType<StateStore['applyEntry']> {
  const index = state.meta.appliedIndex + 1;
  return state.applyEntry(index, 1, encodeProposal({ proposer: 7, seq: index, time: 0, commands }));
}

/** A transaction that writes one object. */
export const putCommand = (key: string, value: Buffer | string): Command => ({
  kind: 'txn',
  txn: { compares: [], ops: [{ type: 'put', key, value: Buffer.from(value), revisionAt: -1 }] },
});

/** The whole state, as it is sent. */
export async function chunksOf(state: StateStore): Promise<Buffer[]> {
  const whole = new StateExport(await state.takeSnapshot());
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of whole.chunks()) chunks.push(chunk);
    return chunks;
  } finally {
    whole.release();
  }
}
