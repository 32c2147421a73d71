import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeProposal } from '../../store/command.js';
import { LoneLeader } from '../leader.testkit.js';
import { encodeLogPiece } from './log-piece.js';
import { logName } from './names.js';
import { replay } from './replay.js';
import type { ArchiveTarget } from './target.js';

let bench: LoneLeader;
beforeEach(async () => {
  bench = await LoneLeader.open();
});
afterEach(() => bench.close());

/** Puts of these keys, each only if the object is not there. */
const proposalOf = (seq: number, keys: readonly string[]): Buffer =>
  encodeProposal({
    proposer: 9,
    seq,
    time: 0,
    commands: keys.map((key) => ({
      kind: 'txn' as const,
      txn: {
        compares: [{ key, modRevision: 0 }],
        ops: [{ type: 'put' as const, key, value: Buffer.from('v'), revisionAt: -1 }],
      },
    })),
  });

/** Replays entries of these payloads, as one piece, up to a revision. */
async function replayed(payloads: readonly Buffer[], revision: number): Promise<void> {
  const entries = payloads.map((data, i) => ({
    entry: { index: i + 1, term: 1, type: 'normal' as const, data },
    timeMs: 1_000 + i,
  }));
  const place = { first: 1, last: payloads.length, revision: 0, timeMs: 1_000 + payloads.length };
  const log = { name: logName(place), ...place };
  const { first, last } = place;
  const header = { version: 1, cluster: 7, first, last, revision: 0, changes: '', member: 'a' } as const;
  const bytes = encodeLogPiece(header, entries);
  const target = { read: () => Promise.resolve(bytes) } as unknown as ArchiveTarget;
  const base = { name: 'base', index: 0, revision: 0, timeMs: 0 };
  await replay(bench.state, 7, target, { base, logs: [log] }, { revision }, () => undefined);
}
const keys = (): string[] =>
  ['k/1', 'k/2', 'k/3', 'k/4'].filter((key) => bench.state.snapshot.get('objects', key) !== undefined);

it('a revision amid an entry is reached change by change, and what follows is left out', async () => {
  await replayed([proposalOf(1, ['k/1', 'k/2', 'k/3'])], 2);
  expect([bench.state.meta.revision, keys()]).toEqual([2, ['k/1', 'k/2']]);
});

it('an entry of which little took effect is applied whole, and once', async () => {
  // All but one of its changes are refused; and it is in the log twice, as after an answer that was lost.
  const once = proposalOf(2, ['k/1', 'k/1', 'k/1', 'k/2']);
  const again = proposalOf(2, ['k/3', 'k/3', 'k/3', 'k/3']);
  await replayed([proposalOf(1, ['k/1']), once, again, proposalOf(3, ['k/4'])], 3);
  expect([bench.state.meta.revision, keys()]).toEqual([3, ['k/1', 'k/2', 'k/4']]);
});
