import { afterEach, expect, it } from 'vitest';
import type { Member } from './identity.js';
import { FOUNDER, LoneLeader } from './leader.testkit.js';
import { raftConfigOf } from './raft-config.js';

const MIB = 1024 * 1024;
let bench: LoneLeader;
afterEach(() => bench.close());

const identityOf = (more: Partial<Member>): Member => ({ ...FOUNDER, members: [[1, 'a', 'a:1']], ...more });

it('Raft counts in ticks, begins where log and state are, and waits with its first term for other founders only', async () => {
  bench = await LoneLeader.open();
  const { log, state } = bench;
  const of = (ms: readonly [tick: number, heartbeat: number, election: number], more: Partial<Member> = {}) => {
    const [tickMs, heartbeatMs, electionMs] = ms;
    return raftConfigOf({ tickMs, heartbeatMs, electionMs }, { identity: identityOf(more), log, state });
  };
  const fresh = of([50, 100, 500]);
  expect(fresh).toEqual({
    id: 1,
    heartbeatTicks: 2,
    electionTicks: 10,
    maxSizePerMessageBytes: MIB,
    maxInflightMessages: 256,
    maxInflightBytes: 32 * MIB,
    maxUncommittedBytes: 128 * MIB,
    maxCommittedBytesPerReady: MIB,
    preVote: true,
    checkQuorum: true,
    holdFirstTerm: false,
    applied: 0,
    confState: state.meta.conf,
  });
  // A tick that is longer than they are.
  expect(of([1_000, 100, 500])).toMatchObject({ heartbeatTicks: 1, electionTicks: 2 });
  const members = [
    [1, 'a', 'a:1'],
    [2, 'b', 'b:1'],
  ] as const;
  expect(of([50, 100, 500], { members }).holdFirstTerm).toBe(true);
  expect(of([50, 100, 500], { members, joined: true }).holdFirstTerm).toBe(false);
  await bench.lead();
  await bench.put('k');
  expect(of([50, 100, 500])).toMatchObject({ applied: 2, hardState: { term: 1, vote: 1 } });
});
