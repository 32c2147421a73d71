import { describe, expect, it } from 'vitest';
import { readVectors, type VectorCase, vectorFiles, vectorsDir } from '../vectors.testkit.js';
import { type JointVoters, jointIndex, jointVote } from './joint.js';
import { majorityIndex, majorityVote } from './majority.js';

const dir = vectorsDir('quorum');

describe.skipIf(dir === undefined)('quorum vectors (skipped where ../shared/raft-vectors is not there)', () => {
  for (const file of dir === undefined ? [] : vectorFiles(dir)) {
    for (const c of dir === undefined ? [] : readVectors(dir, file)) {
      it(`${file}:${c.line}`, () => expect(run(c)).toBe(c.expected));
    }
  }
});

function ids(list: readonly string[] | undefined): Set<number> {
  return new Set((list ?? []).filter((v) => v !== 'zero').map(Number));
}

function run(c: VectorCase): string {
  const voters: JointVoters = { incoming: ids(c.args.get('cfg')), outgoing: ids(c.args.get('cfgj')) };
  const isJoint = c.args.has('cfgj');
  const all = [...new Set([...voters.incoming, ...voters.outgoing])];
  // Values belong to the voters in the order in which they are first named.
  const given = (name: string): Map<number, string> =>
    new Map(all.flatMap((id, i) => [[id, c.args.get(name)?.[i] ?? '_'] as const]).filter(([, v]) => v !== '_'));
  if (c.command === 'vote') {
    const votes = new Map([...given('votes')].map(([id, v]) => [id, v === 'y']));
    const result = isJoint ? jointVote(voters, votes) : majorityVote(voters.incoming, votes);
    return { won: 'VoteWon', lost: 'VoteLost', pending: 'VotePending' }[result];
  }
  const acked = new Map([...given('idx')].map(([id, v]) => [id, Number(v)]));
  const of = (id: number): number => acked.get(id) ?? 0;
  const index = isJoint ? jointIndex(voters, of) : majorityIndex(voters.incoming, of);
  // A joint quorum is the same whichever half comes first, and with an empty half the same as a simple one.
  expect(jointIndex({ incoming: voters.outgoing, outgoing: voters.incoming }, of)).toBe(index);
  return `${picture(all, acked)}${index === Number.POSITIVE_INFINITY ? '∞' : index}`;
}

/** The drawing in the vectors: for each voter, how many others are behind it. */
function picture(all: readonly number[], acked: ReadonlyMap<number, number>): string {
  const n = all.length;
  if (n === 0) return '<empty majority quorum>';
  const rows = [...all]
    .sort((a, b) => a - b)
    .map((id) => {
      const own = acked.get(id);
      const behind = all.filter((other) => (acked.get(other) ?? 0) < (own ?? 0)).length;
      const bar = own === undefined ? `?${' '.repeat(n)}` : `${'x'.repeat(behind)}>${' '.repeat(n - behind)}`;
      return `${bar} ${String(own ?? 0).padStart(5)}    (id=${id})\n`;
    });
  return `${' '.repeat(n)}    idx\n${rows.join('')}`;
}
