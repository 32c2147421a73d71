import { describe, expect, it } from 'vitest';
import type { Command } from '../store/command.js';
import { Proposals } from './proposals.js';
import { Reads } from './reads.js';

const command: Command = {
  kind: 'txn',
  txn: { compares: [], ops: [{ type: 'put', key: 'a/1', value: Buffer.alloc(1000), revisionAt: -1 }] },
};

describe('what is over its time', () => {
  it('is forgotten, also by a leader that takes nothing because its disk stands still', async () => {
    const proposals = new Proposals({
      proposer: 1,
      seq: 0,
      propose: () => ({ status: 'accepted', forwarded: false }),
      wake: () => undefined,
    });
    const late = Promise.all([1, 2, 3].map(() => expect(proposals.submit(command, 1000, 10)).rejects.toThrow('time')));
    const inTime = proposals.submit(command, 1000, 60_000);
    proposals.expire(performance.now() + 1000);
    await late;
    expect(proposals.inFlight).toBe(1);
    expect(proposals.queued).toBe(1);
    proposals.flush();
    proposals.onApplied(1, 1, [{ succeeded: true, revision: 1 }]);
    proposals.onVisible(1);
    await expect(inTime).resolves.toEqual({ succeeded: true, revision: 1 });
  });

  it('is forgotten by reads that were confirmed while the state stands still', async () => {
    const contexts: string[] = [];
    const reads = new Reads({
      prefix: 'x',
      readIndex: (context) => {
        contexts.push(context);
        return { status: 'accepted' };
      },
      visibleIndex: () => 0,
      wake: () => undefined,
    });
    const late = expect(reads.wait(10)).rejects.toThrow('no leader confirmed');
    reads.flush();
    reads.onReadState({ index: 5, context: contexts[0] ?? '' });
    expect(reads.confirmed).toBe(1);
    reads.expire(performance.now() + 1000);
    await late;
    expect(reads.confirmed).toBe(0);
  });
});
