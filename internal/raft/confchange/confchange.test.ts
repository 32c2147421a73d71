import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { confState } from '../cluster.testkit.js';
import type { ConfChange, ConfChangeStep } from '../types.js';
import { changeMembers } from './apply.js';
import { changeSimple, checked, ConfChangeError, enterJoint, leaveJoint } from './changer.js';
import { decodeConfChange, encodeConfChange } from './codec.js';
import { fromConfState, type Members, toConfState } from './members.js';

const steps = fc.array(
  fc.record<ConfChangeStep>({
    type: fc.constantFrom('addVoter', 'addLearner', 'remove', 'update'),
    id: fc.integer({ min: 1, max: 6 }),
  }),
  { maxLength: 5 },
);

/** Applies what is legal of a random course of changes and passes each membership on the way to `look`. */
function walk(course: readonly (readonly ConfChangeStep[])[], look: (before: Members, after: Members) => void): void {
  let members = changeSimple(fromConfState(confState([])), [{ type: 'addVoter', id: 1 }]);
  for (const some of course) {
    try {
      const after = changeMembers(members, { transition: 'auto', steps: some, context: '' });
      look(members, after);
      members = after;
    } catch (error) {
      if (!(error instanceof ConfChangeError)) throw error;
    }
  }
}

/** Every way to choose a majority of the set. */
function majorities(ids: ReadonlySet<number>): number[][] {
  const all = [...ids];
  const found: number[][] = [];
  for (let bits = 0; bits < 1 << all.length; bits += 1) {
    const chosen = all.filter((_, i) => (bits & (1 << i)) !== 0);
    if (chosen.length * 2 > all.length) found.push(chosen);
  }
  return found;
}

describe('membership changes', () => {
  it('never leave a membership in which one is both voter and learner, or none is a voter', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 12 }), (course) => {
        walk(course, (_, after) => {
          checked(after);
          expect(after.incoming.size).toBeGreaterThan(0);
        });
      }),
    );
  });

  it('let no two majorities before and after decide apart from each other (dissertation, 4.1 and 4.3)', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 8 }), (course) => {
        walk(course, (before, after) => {
          // A decision needs a majority of each half; so some half of the one must meet some half of the other always.
          const halvesBefore = [before.incoming, before.outgoing].filter((s) => s.size > 0);
          const halvesAfter = [after.incoming, after.outgoing].filter((s) => s.size > 0);
          const meet = halvesBefore.some((b) =>
            halvesAfter.some((a) =>
              majorities(b).every((mb) => majorities(a).every((ma) => ma.some((id) => mb.includes(id)))),
            ),
          );
          expect(meet).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('survive being written and read, membership and change alike', () => {
    fc.assert(
      fc.property(fc.array(steps, { maxLength: 8 }), (course) => {
        walk(course, (_, after) => expect(toConfState(fromConfState(toConfState(after)))).toEqual(toConfState(after)));
      }),
    );
    const change: ConfChange = {
      transition: 'implicit',
      steps: [{ type: 'addLearner', id: 9 }],
      context: 'https://10.0.0.9:2380 ü',
    };
    expect(decodeConfChange(encodeConfChange(change))).toEqual(change);
  });

  it('make a demoted voter a learner only when the joint configuration is left', () => {
    const three = fromConfState({
      voters: [1, 2, 3],
      learners: [],
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    });
    const joint = enterJoint(
      three,
      [
        { type: 'addLearner', id: 3 },
        { type: 'addVoter', id: 4 },
      ],
      true,
    );
    expect(toConfState(joint)).toEqual({
      voters: [1, 2, 4],
      learners: [],
      votersOutgoing: [1, 2, 3],
      learnersNext: [3],
      autoLeave: true,
    });
    expect(toConfState(leaveJoint(joint))).toEqual({
      voters: [1, 2, 4],
      learners: [3],
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    });
  });

  it('refuse to swap two voters in one simple step', () => {
    const three = fromConfState({
      voters: [1, 2, 3],
      learners: [],
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    });
    expect(() =>
      changeSimple(three, [
        { type: 'remove', id: 1 },
        { type: 'addVoter', id: 4 },
      ]),
    ).toThrow('more than one voter changed without entering joint config');
  });

  it.each<[ConfChange['transition'], number, { readonly joint: boolean; readonly autoLeave: boolean }]>([
    ['auto', 1, { joint: false, autoLeave: false }],
    ['auto', 2, { joint: true, autoLeave: true }],
    ['implicit', 1, { joint: true, autoLeave: true }],
    ['explicit', 1, { joint: true, autoLeave: false }],
    ['explicit', 2, { joint: true, autoLeave: false }],
  ])('with transition %s and %i steps lead to %j', (transition, count, { joint, autoLeave }) => {
    const added: ConfChangeStep[] = [
      { type: 'addVoter', id: 4 },
      { type: 'addLearner', id: 5 },
    ];
    const after = changeMembers(fromConfState(confState([1, 2, 3])), {
      transition,
      steps: added.slice(0, count),
      context: '',
    });
    expect(toConfState(after)).toEqual({
      ...confState([1, 2, 3, 4], count === 2 ? [5] : []),
      votersOutgoing: joint ? [1, 2, 3] : [],
      autoLeave,
    });
  });

  it('forget the role that a member had, and ignore nobody', () => {
    const before = fromConfState(confState([1, 2], [3]));
    const after = (...some: ConfChangeStep[]): unknown => toConfState(enterJoint(before, some, false));
    const joint = { votersOutgoing: [1, 2] };
    expect(after({ type: 'addVoter', id: 3 })).toEqual({ ...confState([1, 2, 3]), ...joint });
    expect(after({ type: 'remove', id: 3 })).toEqual({ ...confState([1, 2]), ...joint });
    expect(after({ type: 'update', id: 3 })).toEqual({ ...confState([1, 2], [3]), ...joint });
    expect(after({ type: 'addVoter', id: 0 })).toEqual({ ...confState([1, 2], [3]), ...joint });
    // Demoted and, in the same change, taken back or removed.
    const demoted: ConfChangeStep = { type: 'addLearner', id: 2 };
    expect(after(demoted)).toEqual({ ...confState([1], [3]), ...joint, learnersNext: [2] });
    expect(after(demoted, { type: 'addVoter', id: 2 })).toEqual({ ...confState([1, 2], [3]), ...joint });
    expect(after(demoted, { type: 'remove', id: 2 })).toEqual({ ...confState([1], [3]), ...joint });
  });

  it.each([
    [{ voters: [1, 2], learners: [2] }, '2 is both voter and learner'],
    [{ voters: [1], votersOutgoing: [2], learners: [2] }, '2 is both voter and learner'],
    [{ voters: [1], votersOutgoing: [1], learnersNext: [3] }, '3 is in learners_next but not in the old voters'],
    [{ voters: [1, 2], votersOutgoing: [1, 2], learnersNext: [2] }, '2 is both voter and in learners_next'],
    [{ voters: [1], autoLeave: true }, 'learners_next and autoLeave belong to a joint config'],
  ])('find out a membership that contradicts itself: %j', (state, message) => {
    expect(() => checked(fromConfState({ ...confState([]), ...state }))).toThrow(new ConfChangeError(message));
  });

  it('are not guessed at when a later release wrote them', () => {
    const data = new TextEncoder().encode('{"v":2,"transition":"auto","steps":[],"context":""}');
    expect(() => decodeConfChange(data)).toThrow('membership change of unknown format version 2');
  });
});
