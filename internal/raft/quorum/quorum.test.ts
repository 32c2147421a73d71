import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jointIndex, jointVote } from './joint.js';
import { majorityIndex, majorityVote, type VoteResult } from './majority.js';

const voterSet = (minLength: number): fc.Arbitrary<Set<number>> =>
  fc.uniqueArray(fc.integer({ min: 1, max: 14 }), { minLength, maxLength: 13 }).map((ids) => new Set(ids));
const ackMap = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 0, max: 20 })))
  .map((pairs) => new Map(pairs));
const voteMap = fc.array(fc.tuple(fc.integer({ min: 1, max: 14 }), fc.boolean())).map((pairs) => new Map(pairs));

/** The dumb twin: try every index from the top and count heads. */
function twinIndex(voters: ReadonlySet<number>, acked: ReadonlyMap<number, number>): number {
  if (voters.size === 0) return Number.POSITIVE_INFINITY;
  for (let index = 20; index > 0; index -= 1) {
    const heads = [...voters].filter((id) => (acked.get(id) ?? 0) >= index).length;
    if (heads * 2 > voters.size) return index;
  }
  return 0;
}

/** The dumb twin: won if a majority said yes, pending if the silent could still make it so. */
function twinVote(voters: ReadonlySet<number>, votes: ReadonlyMap<number, boolean>): VoteResult {
  const wonIf = (silentSay: boolean): boolean =>
    voters.size === 0 || [...voters].filter((id) => votes.get(id) ?? silentSay).length * 2 > voters.size;
  if (wonIf(false)) return 'won';
  return wonIf(true) ? 'pending' : 'lost';
}

describe('quorum', () => {
  it('commits what the twin commits', () => {
    fc.assert(
      fc.property(voterSet(0), ackMap, (voters, acked) => {
        expect(majorityIndex(voters, (id) => acked.get(id) ?? 0)).toBe(twinIndex(voters, acked));
      }),
    );
  });

  it('decides votes as the twin does', () => {
    fc.assert(
      fc.property(voterSet(0), voteMap, (voters, votes) => {
        expect(majorityVote(voters, votes)).toBe(twinVote(voters, votes));
      }),
    );
  });

  it('needs both halves of a joint configuration (dissertation, 4.3)', () => {
    fc.assert(
      fc.property(voterSet(1), voterSet(0), ackMap, voteMap, (incoming, outgoing, acked, votes) => {
        const voters = { incoming, outgoing };
        const both = Math.min(twinIndex(incoming, acked), twinIndex(outgoing, acked));
        expect(jointIndex(voters, (id) => acked.get(id) ?? 0)).toBe(both);
        const halves = [twinVote(incoming, votes), twinVote(outgoing, votes)];
        const expected = halves.includes('lost') ? 'lost' : halves.includes('pending') ? 'pending' : 'won';
        expect(jointVote(voters, votes)).toBe(expected);
      }),
    );
  });

  it.each([
    [[1], [12], 12],
    [[1, 2], [12, 5], 5],
    [[1, 2, 3], [100, 101, 99], 100],
    [[1, 2, 3], [100, 0, 0], 0],
    [[1, 2, 3, 4], [7, 8, 9, 10], 8],
    [[1, 2, 3, 4, 5], [7, 8, 9, 10, 11], 9],
    [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 6],
  ])('of voters %j with %j acknowledged commits %i', (voters, acked, index) => {
    expect(majorityIndex(new Set(voters), (id) => acked[id - 1] ?? 0)).toBe(index);
  });
});
