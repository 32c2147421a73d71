import type { ConfChange, ConfChangeStep, RaftStatus } from '../../raft/index.js';
import { readReply } from '../../replica/calls.js';
import { encodeRequest } from '../../replica/membership.js';
import type { Node, SimCluster } from './cluster.js';
import type { ConsensusChecks } from './consensus-checks.js';
import type { Faults } from './faults.js';
import type { Machine } from './machine.js';
import type { FaultKind, RunOptions } from './options.js';
import { request } from './rpc.js';
import { Violation } from './violation.js';
import type { World } from './world.js';

const MACHINES_MAX = 9;

/** Hands leadership over and changes the membership, as operators do, and at bad times. */
export class Operator {
  constructor(
    private readonly world: World,
    private readonly cluster: SimCluster,
    private readonly consensus: ConsensusChecks,
    private readonly options: RunOptions,
  ) {}

  /** What an operator does: hands leadership over, or changes the membership. */
  operate(kind: FaultKind): void {
    const { random } = this.world;
    if (kind === 'stranger') {
      this.#askAsStranger();
      return;
    }
    const leader = this.cluster.leader();
    if (leader?.replica === undefined) return;
    const { members } = leader.replica.status();
    const member = random.pick(members);
    if (kind === 'transfer') {
      const { replica } = leader;
      if (member.learner) return;
      this.cluster.note(`leadership is to go from ${leader.name} to ${member.name}`);
      // While states differ leadership stays where it is.
      if (replica.status().disputed) return;
      this.world.as(leader.machine.actor, () => replica.transferLeader(member.name));
      return;
    }
    if (kind === 'join') {
      this.#join();
      return;
    }
    if (kind === 'remove' || kind === 'replace') {
      const node = this.cluster.node(member.name);
      // Who is not there again yet must not be removed by one operator, and put in its place by another.
      if (kind === 'replace' && node.memberSince === undefined) return;
      if (kind === 'replace' && random.chance(0.25)) this.#replaceTooSoon(node);
      else this.#remove(node, kind === 'replace' ? () => this.cluster.replace(node) : undefined);
      return;
    }
    const raft = this.consensus.raftOf(leader.machine);
    if (raft === undefined) return;
    const result = this.world.as(leader.machine.actor, () => {
      return raft.proposeConfChange({ ...this.#drawChange(raft.status(), kind === 'splitJoint'), context: '' });
    });
    this.cluster.note(`membership change at ${leader.name}: ${JSON.stringify(result)}`);
    if (kind === 'splitJoint') this.#ambushJoint = true;
  }
  /** The next membership that is joint is split between those who are to vote and those who voted only before. */
  #ambushJoint = false;

  /** A leader has just applied a joint membership, and nobody else knows that it is settled. */
  onJoint(machine: Machine, faults: Faults): void {
    if (!this.#ambushJoint) return;
    this.#ambushJoint = false;
    const { random } = this.world;
    faults.later(random.pick([0, 0, 5, 50]), () => {
      const leader = this.cluster.nodes.find((n) => n.machine === machine);
      const conf = this.consensus.stateOf(machine)?.meta;
      if (leader === undefined || conf === undefined) return;
      const names = conf.conf.voters.map((id) => conf.members.get(id)?.name);
      const inside = this.cluster.nodes.filter((n) => n === leader || names.includes(n.name));
      this.world.count('partitions between old and new voters');
      faults.cutOff(new Set(inside), 2_000, true);
      if (random.chance(0.5)) faults.later(random.exponential(600), () => faults.restart(leader));
    });
  }

  #join(): void {
    const alive = this.cluster.nodes.filter((n) => !n.removing);
    if (alive.length > this.options.voters + 1 || this.cluster.nodes.length >= MACHINES_MAX) return;
    const node = this.cluster.addMachine();
    this.cluster.note(`${node.name} is to join`);
    this.cluster.start(node);
  }

  /** `then` is what is done when it is removed: the machine is to be a member again. */
  #remove(node: Node, then?: () => void): void {
    const { name } = node;
    const { random } = this.world;
    const others = this.cluster.running.filter((n) => n !== node && !n.removing);
    const asked = others.length < 2 ? undefined : random.pick(others);
    if (asked?.replica === undefined || node.removing) return;
    const { replica } = asked;
    this.cluster.note(`${name} is to be removed, through ${asked.name}`);
    node.removing = true;
    const done = async (): Promise<void> => {
      await replica.removeMember(name);
      this.cluster.note(`${name} is removed`);
      if (then === undefined) return;
      this.world.count('machines replaced');
      this.world.schedule(random.exponential(100), this.world.outside, then);
      // Some have it added before it joins.
      if (random.chance(0.3)) await replica.addMember(name, name);
    };
    this.world.as(asked.machine.actor, () => {
      done().catch((error: unknown) => {
        const text = error instanceof Error ? error.message : String(error);
        this.cluster.note(`${name} may not be removed, or added: ${text}`);
      });
    });
  }

  /** An empty machine is to join under the name of a member that was not removed: it is turned away, and then that is done. */
  #replaceTooSoon(node: Node): void {
    const { nodes } = this.cluster;
    // The others must be a majority without it.
    const members = nodes.map(({ replica }) => replica?.status().members ?? []);
    if (members.some((each) => each.length < 3 || each.some(({ learner }) => learner))) return;
    if (nodes.some((n) => n.disowned || n.removing)) return;
    this.cluster.replace(node);
    node.disowned = true;
  }

  /** Who was turned away with an empty disk is removed, and asks again. */
  onTurnedAway(node: Node): void {
    if (!node.joins || !node.disowned) return;
    this.world.count('machines that joined too soon');
    node.disowned = false;
    node.removing = false;
    this.#remove(node, () => {
      node.removing = false;
      this.cluster.start(node);
    });
    node.removing = true;
  }

  /**
   * Any other set of voters, reached in one step or through a joint configuration (`joint`: surely so, and it stays; then
   * few are to vote, so that those who do not can be a majority of the old ones); or out of the joint one.
   */
  #drawChange(
    { id, confState, peers, lastIndex }: RaftStatus,
    joint: boolean,
  ): Pick<ConfChange, 'transition' | 'steps'> {
    const { random } = this.world;
    const { voters, votersOutgoing } = confState;
    // As the replica does: who has never been heard of gets no vote.
    const learners = confState.learners.filter((id) => {
      const peer = peers.find((p) => p.id === id);
      return peer?.recentActive === true && peer.match > Math.max(0, lastIndex - 50);
    });
    if (votersOutgoing.length > 0) return { transition: 'auto', steps: [] };
    const everyone = [...voters, ...learners];
    const wanted = new Set(everyone.filter(() => random.chance(joint ? 0.35 : 0.6)));
    if (joint && random.chance(0.7)) wanted.add(id);
    if (wanted.size === 0) wanted.add(random.pick(everyone));
    const steps: ConfChangeStep[] = [
      ...learners.filter((id) => wanted.has(id)).map((id): ConfChangeStep => ({ type: 'addVoter', id })),
      ...voters.filter((id) => !wanted.has(id)).map((id): ConfChangeStep => ({ type: 'addLearner', id })),
    ];
    if (joint) return { transition: 'explicit', steps };
    const few = random.chance(0.3) ? steps.slice(0, 1) : steps;
    this.cluster.note(few.map(({ type, id }) => `${type} ${id}`).join(', '));
    return { transition: random.pick(['auto', 'implicit', 'explicit'] as const), steps: few };
  }

  /** Somebody who is no member asks to remove one: nobody may do it. */
  #askAsStranger(): void {
    const { random, outside } = this.world;
    const [asked, other] = [random.pick(this.cluster.nodes), random.pick(this.cluster.nodes)];
    const wish = encodeRequest({ op: 'remove', name: other.name });
    request('a stranger', outside, asked.machine.name, wish, 5_000).then(
      (reply) => {
        try {
          readReply(reply);
        } catch (error) {
          this.cluster.note(`a stranger is refused: ${error instanceof Error ? error.message : String(error)}`);
          this.world.count('strangers refused');
          return;
        }
        this.world.fail(new Violation('only members are heard', `${asked.name} removed ${other.name} for a stranger`));
      },
      (error: unknown) => this.cluster.note(`a stranger is not answered: ${String(error)}`),
    );
  }
}
