import type { ConfChangeStep, NodeId } from '../types.js';
import { isJoint, isVoter, type Members } from './members.js';

/** A membership change that the present membership does not allow; `message` says why. */
export class ConfChangeError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConfChangeError';
  }
}

interface Draft {
  readonly incoming: Set<NodeId>;
  readonly outgoing: Set<NodeId>;
  readonly learners: Set<NodeId>;
  readonly learnersNext: Set<NodeId>;
}

/** One voter more or less at most, in one step: two majorities always overlap (dissertation, 4.1). */
export function changeSimple(members: Members, steps: readonly ConfChangeStep[]): Members {
  if (isJoint(members)) throw new ConfChangeError("can't apply simple config change in joint config");
  const draft = copy(members);
  apply(draft, steps);
  if (symmetricDifference(members.incoming, draft.incoming) > 1) {
    throw new ConfChangeError('more than one voter changed without entering joint config');
  }
  return checked({ ...draft, autoLeave: false });
}

/** Any change, through a configuration in which old and new voters must both agree (dissertation, 4.3). */
export function enterJoint(members: Members, steps: readonly ConfChangeStep[], autoLeave: boolean): Members {
  if (isJoint(members)) throw new ConfChangeError('config is already joint');
  if (members.incoming.size === 0) throw new ConfChangeError("can't make a zero-voter config joint");
  const draft = copy(members);
  for (const id of members.incoming) draft.outgoing.add(id);
  apply(draft, steps);
  return checked({ ...draft, autoLeave });
}

/** The old voters go; those who were to become learners become it. */
export function leaveJoint(members: Members): Members {
  if (!isJoint(members)) throw new ConfChangeError("can't leave a non-joint config");
  return checked({
    incoming: members.incoming,
    outgoing: new Set(),
    learners: new Set([...members.learners, ...members.learnersNext]),
    learnersNext: new Set(),
    autoLeave: false,
  });
}

function copy(members: Members): Draft {
  return {
    incoming: new Set(members.incoming),
    outgoing: new Set(members.outgoing),
    learners: new Set(members.learners),
    learnersNext: new Set(members.learnersNext),
  };
}

function apply(draft: Draft, steps: readonly ConfChangeStep[]): void {
  for (const { type, id } of steps) {
    if (id === 0) continue; // Id 0 means nobody.
    if (type === 'addVoter') {
      draft.learners.delete(id);
      draft.learnersNext.delete(id);
      draft.incoming.add(id);
    } else if (type === 'addLearner') {
      draft.incoming.delete(id);
      // Still a voter in the old half: it cannot be a learner before that half is gone.
      if (draft.outgoing.has(id)) draft.learnersNext.add(id);
      else draft.learners.add(id);
    } else if (type === 'remove') {
      draft.incoming.delete(id);
      draft.learners.delete(id);
      draft.learnersNext.delete(id);
    }
  }
  if (draft.incoming.size === 0) throw new ConfChangeError('removed all voters');
}

function symmetricDifference(a: ReadonlySet<NodeId>, b: ReadonlySet<NodeId>): number {
  let count = 0;
  for (const id of a) if (!b.has(id)) count += 1;
  for (const id of b) if (!a.has(id)) count += 1;
  return count;
}

/** Throws ConfChangeError when the sets contradict each other. */
export function checked(members: Members): Members {
  for (const id of members.learners) {
    if (isVoter(members, id)) throw new ConfChangeError(`${id} is both voter and learner`);
  }
  for (const id of members.learnersNext) {
    if (!members.outgoing.has(id)) throw new ConfChangeError(`${id} is in learners_next but not in the old voters`);
    if (members.incoming.has(id)) throw new ConfChangeError(`${id} is both voter and in learners_next`);
  }
  if (!isJoint(members) && (members.learnersNext.size > 0 || members.autoLeave)) {
    throw new ConfChangeError('learners_next and autoLeave belong to a joint config');
  }
  return members;
}
