import { str } from '../machinery/access.js';
import { availableCondition } from './api-service.js';
import type { ApiServices } from './api-services.js';

const GAUGE = 'aggregator_unavailable_apiservice';
const COUNTER = `${GAUGE}_total`;

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** Which APIServices cannot be used, as their conditions say it, under kube-aggregator's names. Bounded by the APIServices that there are. */
export class AggregatorMetrics {
  /** Why each was not available when it was last looked at; '' where it was. */
  readonly #reasons = new Map<string, string>();
  /** By name, then reason: how often it became unavailable. */
  readonly #times = new Map<string, Map<string, number>>();

  constructor(private readonly services: ApiServices) {
    services.onChange(() => this.#look());
    this.#look();
  }

  #look(): void {
    const names = new Set<string>();
    for (const { name, available, object } of this.services.all()) {
      names.add(name);
      const condition = availableCondition(object);
      // Nothing is known yet of one that is new.
      const reason = available || condition === undefined ? '' : str(condition, 'reason');
      const before = this.#reasons.get(name);
      this.#reasons.set(name, reason);
      if (reason === '' || reason === before) continue;
      const times = this.#times.get(name) ?? new Map<string, number>();
      times.set(reason, (times.get(reason) ?? 0) + 1);
      this.#times.set(name, times);
    }
    for (const name of this.#reasons.keys()) {
      if (names.has(name)) continue;
      this.#reasons.delete(name);
      this.#times.delete(name);
    }
  }

  /** In Prometheus text format. */
  *render(): Generator<string> {
    yield `# HELP ${GAUGE} 1 for each APIService that is not available, else 0.\n# TYPE ${GAUGE} gauge\n`;
    for (const { name, available } of this.services.all())
      yield `${GAUGE}{name="${escaped(name)}"} ${available ? 0 : 1}\n`;
    yield `# HELP ${COUNTER} How often an APIService became unavailable, by why.\n# TYPE ${COUNTER} counter\n`;
    for (const [name, times] of this.#times) {
      for (const [reason, count] of times) {
        yield `${COUNTER}{name="${escaped(name)}",reason="${escaped(reason)}"} ${count}\n`;
      }
    }
  }
}
