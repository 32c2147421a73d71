import type { Node, SimCluster } from './cluster.js';
import type { HistoryChecks } from './history-checks.js';
import { valueWith } from './model.js';
import { promise } from './violation.js';

/** When all is well again, every replica takes a write and serves a linearizable read within seconds. */
export class Probe {
  #state = 'no answer';
  readonly #node: Node;

  constructor(name: string, node: Node, cluster: SimCluster, checks: HistoryChecks) {
    this.#node = node;
    const { replica, machine } = node;
    if (replica === undefined) return;
    const { world } = cluster;
    const call = checks.begin(`${name} probes ${node.name}`, world.now);
    const key = `core/configmaps/default/probe-${name}`;
    const op = { type: 'put', key, ...valueWith(name, 10) } as const;
    const run = async (): Promise<void> => {
      const { revision } = await replica.backend.txn({ compares: [], ops: [op] }, 2_500);
      checks.wrote(call, revision, [name]);
      await replica.backend.readBarrier(2_500);
      this.#state = 'served';
    };
    world.schedule(1, machine.actor, () => {
      run().catch((error: unknown) => {
        this.#state = error instanceof Error ? error.message : String(error);
      });
    });
  }

  get served(): boolean {
    return this.#state === 'served';
  }

  check(): void {
    promise(this.served, 'the cluster recovers', () => `${this.#node.name} does not serve: ${this.#state}`);
  }
}
