import { describe, expect, it } from 'vitest';
import { type Command, decodeProposal, proposalOrigin } from '../store/command.js';
import { OverloadedError } from '../store/types.js';
import { PROPOSAL_BYTES_MAX, PROPOSALS_MAX, Proposals } from './proposals.js';
import { Reads } from './reads.js';

const putOf = (key: string): Command => ({
  kind: 'txn',
  txn: { compares: [], ops: [{ type: 'put', key, value: Buffer.alloc(1000), revisionAt: -1 }] },
});
const command = putOf('a/1');

describe('what is in flight', () => {
  const open = (): Proposals =>
    new Proposals({
      proposer: 1,
      seq: 0,
      propose: () => ({ status: 'accepted', forwarded: false }),
      wake: () => undefined,
    });

  it('is bounded in number', async () => {
    const proposals = open();
    const held = Array.from({ length: PROPOSALS_MAX }, () =>
      proposals.submit(command, 1, 60_000).catch(() => undefined),
    );
    await expect(proposals.submit(command, 1, 60_000)).rejects.toThrow(OverloadedError);
    expect(proposals.inFlight).toBe(PROPOSALS_MAX);
    proposals.expire(performance.now() + 120_000);
    await Promise.all(held);
    expect(proposals.inFlight).toBe(0);
  });

  it('is bounded in bytes, but for one that is alone', async () => {
    const proposals = open();
    const alone = proposals.submit(command, PROPOSAL_BYTES_MAX + 1, 60_000).catch(() => undefined);
    await expect(proposals.submit(command, 1, 60_000)).rejects.toThrow(OverloadedError);
    proposals.expire(performance.now() + 120_000);
    await alone;
    const two = [PROPOSAL_BYTES_MAX - 1, 1].map((bytes) =>
      proposals.submit(command, bytes, 60_000).catch(() => undefined),
    );
    await expect(proposals.submit(command, 1, 60_000)).rejects.toThrow(OverloadedError);
    expect(proposals.inFlight).toBe(2);
    proposals.expire(performance.now() + 120_000);
    await Promise.all(two);
  });
});

it('what waits is handed to Raft in portions of some MiB, in order, and asks to be woken for the rest', async () => {
  const portions: string[][] = [];
  let wakes = 0;
  const proposals = new Proposals({
    proposer: 1,
    seq: 0,
    propose: (payload) => {
      const commands = decodeProposal(payload).commands as readonly (Command & { kind: 'txn' })[];
      portions.at(-1)?.push(...commands.map(({ txn }) => txn.ops[0]?.key ?? ''));
      return { status: 'accepted', forwarded: false };
    },
    wake: () => void wakes++,
  });
  const MIB = 1024 * 1024;
  const keys = Array.from({ length: 12 }, (_, i) => `a/${i}`);
  const value = Buffer.alloc(MIB);
  const held = keys.map((key) => {
    const txn = { compares: [], ops: [{ type: 'put', key, value, revisionAt: -1 } as const] };
    return proposals.submit({ kind: 'txn', txn }, MIB, 60_000).catch(() => undefined);
  });
  for (wakes = 1; wakes > 0; ) {
    wakes = 0;
    portions.push([]);
    proposals.flush();
  }
  expect(portions.flat()).toEqual(keys);
  expect(portions.map(({ length }) => length)).toEqual([4, 4, 4]);
  proposals.expire(performance.now() + 120_000);
  await Promise.all(held);
});

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

  it('is not done with others of its entry, which nobody had taken yet, when it was told to be refused', async () => {
    const sent: Buffer[] = [];
    let isTaken = false;
    const proposals = new Proposals({
      proposer: 1,
      seq: 0,
      propose: (payload) => {
        if (isTaken) sent.push(payload);
        return isTaken ? { status: 'accepted', forwarded: true } : { status: 'dropped', reason: 'noLeader' };
      },
      wake: () => undefined,
    });
    const delivered = (): string[] =>
      sent.flatMap((payload) =>
        decodeProposal(payload).commands.flatMap((each) =>
          each.kind === 'txn' ? each.txn.ops.map((op) => op.key) : [],
        ),
      );
    const late = proposals.submit(putOf('a/late'), 10, 10).then(
      () => 'done',
      (error: unknown) => error,
    );
    const inTime = proposals.submit(putOf('a/in-time'), 10, 60_000);
    proposals.flush();
    proposals.expire(performance.now() + 1000);
    expect(await late).toMatchObject({ outcomeUnknown: false });
    isTaken = true;
    proposals.onLeader();
    proposals.flush();
    expect(delivered()).toEqual(['a/in-time']);
    const [payload = Buffer.alloc(0)] = sent;
    proposals.onApplied(proposalOrigin(payload).seq, 1, [{ succeeded: true, revision: 1 }]);
    proposals.onVisible(1);
    await expect(inTime).resolves.toEqual({ succeeded: true, revision: 1 });
    expect(proposals.inFlight).toBe(0);
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
