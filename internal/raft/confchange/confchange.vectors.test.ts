import { describe, expect, it } from 'vitest';
import { confState } from '../cluster.testkit.js';
import type { ConfChangeStep } from '../types.js';
import { readVectors, type VectorCase, vectorFiles, vectorsDir } from '../vectors.testkit.js';
import { changeSimple, ConfChangeError, enterJoint, leaveJoint } from './changer.js';
import { allMembers, fromConfState, isJoint, type Members, toConfState } from './members.js';

const dir = vectorsDir('confchange');
const STEP_TYPES = { v: 'addVoter', l: 'addLearner', r: 'remove', u: 'update' } as const;

describe.skipIf(dir === undefined)('confchange vectors (skipped where ../shared/raft-vectors is not there)', () => {
  for (const file of dir === undefined ? [] : vectorFiles(dir)) {
    it(file, () => {
      let members = fromConfState(confState([]));
      const next = new Map<number, number>();
      const cases = dir === undefined ? [] : readVectors(dir, file);
      for (const [lastIndex, c] of cases.entries()) {
        try {
          members = change(members, c);
        } catch (error) {
          if (!(error instanceof ConfChangeError)) throw error;
          expect(error.message, `${file}:${c.line}`).toBe(c.expected);
          continue;
        }
        // A member keeps its progress as long as it takes part; a new one starts at the end of the leader's log.
        const ids = allMembers(members);
        for (const id of next.keys()) if (!ids.includes(id)) next.delete(id);
        for (const id of ids) if (!next.has(id)) next.set(id, Math.max(lastIndex, 1));
        expect(print(members, next), `${file}:${c.line}`).toBe(c.expected);
      }
    });
  }
});

function change(members: Members, c: VectorCase): Members {
  const steps = c.input
    .join(' ')
    .split(' ')
    .filter((s) => s !== '')
    .map((s): ConfChangeStep => ({ type: STEP_TYPES[s[0] as keyof typeof STEP_TYPES], id: Number(s.slice(1)) }));
  if (c.command === 'simple') return changeSimple(members, steps);
  if (c.command === 'enter-joint') return enterJoint(members, steps, c.args.get('autoleave')?.[0] === 'true');
  return leaveJoint(members);
}

function print(members: Members, next: ReadonlyMap<number, number>): string {
  const state = toConfState(members);
  const list = (ids: readonly number[]): string => `(${ids.join(' ')})`;
  let config = `voters=${list(state.voters)}`;
  if (isJoint(members)) config += `&&${list(state.votersOutgoing)}`;
  if (state.learners.length > 0) config += ` learners=${list(state.learners)}`;
  if (state.learnersNext.length > 0) config += ` learners_next=${list(state.learnersNext)}`;
  if (state.autoLeave) config += ' autoleave';
  const rows = allMembers(members).map(
    (id) => `${id}: StateProbe match=0 next=${next.get(id) ?? 0}${members.learners.has(id) ? ' learner' : ''}`,
  );
  return [config, ...rows].join('\n');
}
