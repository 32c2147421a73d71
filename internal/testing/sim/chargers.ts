import { OverloadedError, UnavailableError } from '../../store/types.js';
import type { Compare, Op, TxnResult } from '../../store/types.js';
import type { Node, SimCluster } from './cluster.js';
import type { Call, HistoryChecks } from './history-checks.js';
import { quotaValue, valueWith } from './model.js';
import { mayAnswerWrongly } from './rot.js';

const TIMEOUT_MS = 12_000;
const THINK_MS = 20;
const QUOTA = 'core/resourcequotas/default/quota';
const OBJECTS = 'core/configmaps/charged/';
/** Objects that fit into the quota; few, so that it is full most of the time. */
const HARD = 12;

/**
 * Creates objects that are charged to one quota, at any replica, as many others do; now and then it writes the quota anew,
 * as its controller does. The twin says of each charge whether it fits, and of each reader what is used.
 */
export class SimCharger {
  #number = 0;
  /** The quota as it was last seen: its uid, and its revision to compare with. */
  #uid = '';
  #takesCharges = false;
  #revision = 0;
  stopped = false;

  constructor(
    private readonly name: string,
    private readonly cluster: SimCluster,
    private readonly checks: HistoryChecks,
  ) {}

  start(): void {
    this.#think();
  }

  #think(): void {
    const { world } = this.cluster;
    world.schedule(world.random.exponential(THINK_MS), world.outside, () => {
      if (!this.stopped) this.#act();
    });
  }

  #act(): void {
    const { running, world } = this.cluster;
    if (running.length === 0) {
      this.#think();
      return;
    }
    const node = world.random.pick(running);
    this.#look(node);
    // While a member does not know charges the quota is written anew, as the API server does then.
    if (this.#uid === '' || world.random.chance(0.1) || !this.#takesCharges) this.#writeQuota(node);
    else this.#charge(node);
  }

  /** What this replica knows of the quota; it may be old. */
  #look({ machine, replica }: Node): void {
    const found =
      replica === undefined ? undefined : this.cluster.world.as(machine.actor, () => replica.backend.get(QUOTA));
    this.#takesCharges = replica?.backend.takesCharges === true;
    if (found === undefined) return;
    this.#uid = /"uid":"([^"]*)"/.exec(found.value.toString())?.[1] ?? '';
    this.#revision = found.modRevision;
  }

  #writeQuota(node: Node): void {
    this.#number += 1;
    const id = `${this.name}-quota-${this.#number}`;
    const compare: Compare = { key: QUOTA, modRevision: this.#revision };
    const op: Op = { type: 'put', key: QUOTA, ...quotaValue(id, HARD) };
    this.#commit(node, `writes the quota ${id}`, [compare], [op], [], (call, { revision }) =>
      this.checks.conflicted(call, revision, [], compare),
    );
  }

  #charge(node: Node): void {
    this.#number += 1;
    const id = `${this.name}-${this.#number}`;
    const amount = 1 + this.cluster.world.random.below(2);
    const uid = this.#uid;
    const key = OBJECTS + id;
    const ops: Op[] = [
      { type: 'put', key, ...valueWith(id, 20) },
      { type: 'charge', key: QUOTA, uid, amounts: [['pods', String(amount)]] },
    ];
    this.#commit(node, `charges ${amount} to ${uid}`, [{ key, modRevision: 0 }], ops, [id], (call, { revision }) =>
      this.checks.overQuota(call, revision, id, { key: QUOTA, uid, amount }),
    );
  }

  #commit(
    node: Node,
    what: string,
    compares: readonly Compare[],
    ops: readonly Op[],
    ids: readonly string[],
    failed: (call: Call, result: TxnResult) => void,
  ): void {
    const { replica, machine } = node;
    const { world } = this.cluster;
    if (replica === undefined) {
      this.#think();
      return;
    }
    const call = this.checks.begin(`${this.name} ${what} at ${node.name}`, world.now);
    let done = false;
    const finish = (report: () => void): void => {
      if (done) return;
      done = true;
      if (mayAnswerWrongly(machine)) this.checks.lost(call);
      else report();
      this.#think();
    };
    world.schedule(TIMEOUT_MS, world.outside, () => finish(() => this.checks.lost(call)));
    const begin = (): void => {
      replica.backend
        .txn({ compares, ops })
        .then(
          (result) =>
            finish(() => (result.succeeded ? this.checks.wrote(call, result.revision, ids) : failed(call, result))),
          (error: unknown) => finish(() => this.#broken(call, error, ids)),
        )
        .catch((error: unknown) => world.fail(error));
    };
    world.schedule(0.2, machine.actor, begin, true);
  }

  #broken(call: Call, error: unknown, ids: readonly string[]): void {
    if (error instanceof OverloadedError || (error instanceof UnavailableError && !error.outcomeUnknown)) {
      this.checks.refused(call, ids);
    } else if (error instanceof UnavailableError) this.checks.lost(call);
    else throw error;
  }
}
