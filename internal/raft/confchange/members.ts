import type { ConfState, NodeId } from '../types.js';

/** The membership as the core works with it. A value: changes make a new one. */
export interface Members {
  /** The voters, or while joint the new voters. */
  readonly incoming: ReadonlySet<NodeId>;
  /** While joint, the voters from before; empty otherwise. */
  readonly outgoing: ReadonlySet<NodeId>;
  readonly learners: ReadonlySet<NodeId>;
  /** Voters of `outgoing` that become learners when the joint configuration is left. */
  readonly learnersNext: ReadonlySet<NodeId>;
  readonly autoLeave: boolean;
}

/** Two majorities are needed at the moment. */
export function isJoint(members: Members): boolean {
  return members.outgoing.size > 0;
}

/** May the member's vote count, in either half? */
export function isVoter(members: Members, id: NodeId): boolean {
  return members.incoming.has(id) || members.outgoing.has(id);
}

/** Everyone who takes part, ascending. */
export function allMembers(members: Members): NodeId[] {
  return sorted(new Set([...members.incoming, ...members.outgoing, ...members.learners]));
}

/** Every voter of both halves, ascending. */
export function allVoters(members: Members): NodeId[] {
  return sorted(new Set([...members.incoming, ...members.outgoing]));
}

export function toConfState(members: Members): ConfState {
  let state = CONF_STATES.get(members);
  if (state === undefined) {
    state = {
      voters: sorted(members.incoming),
      learners: sorted(members.learners),
      votersOutgoing: sorted(members.outgoing),
      learnersNext: sorted(members.learnersNext),
      autoLeave: members.autoLeave,
    };
    CONF_STATES.set(members, state);
  }
  return state;
}
/** Asked for with every status, and changed hardly ever. */
const CONF_STATES = new WeakMap<Members, ConfState>();

export function fromConfState(state: ConfState): Members {
  return {
    incoming: new Set(state.voters),
    outgoing: new Set(state.votersOutgoing),
    learners: new Set(state.learners),
    learnersNext: new Set(state.learnersNext),
    autoLeave: state.autoLeave,
  };
}

function sorted(ids: ReadonlySet<NodeId>): NodeId[] {
  return [...ids].sort((a, b) => a - b);
}
