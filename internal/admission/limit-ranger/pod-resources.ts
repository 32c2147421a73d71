import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { addQuantity, compareQuantity, parseQuantity, type Quantity } from '../../machinery/quantity.js';

/** Amounts by the name of their resource. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** A resource list as amounts. Its texts are quantities: decoding saw to that. */
export function amountsOf(list: JsonObject | undefined): Map<string, Quantity> {
  return new Map(Object.keys(list ?? {}).map((name) => [name, parseQuantity(str(list, name))]));
}

function add(sum: Map<string, Quantity>, more: Amounts): void {
  for (const [name, q] of more) {
    const have = sum.get(name);
    sum.set(name, have === undefined ? q : addQuantity(have, q));
  }
}

function raise(most: Map<string, Quantity>, other: Amounts): void {
  for (const [name, q] of other) {
    const have = most.get(name);
    if (have === undefined || compareQuantity(q, have) > 0) most.set(name, q);
  }
}

/**
 * What a pod as a whole requests or is limited to: its containers and sidecars together, or an init container beside the
 * sidecars before it where that is more (KEP-753); what the pod itself says comes first (KEP-2837). Overhead is left out,
 * as limit ranges do.
 */
export function podAmounts(spec: JsonObject, field: 'requests' | 'limits'): Amounts {
  const of = (owner: JsonObject): Map<string, Quantity> => amountsOf(child(child(owner, 'resources'), field));
  const total = new Map<string, Quantity>();
  for (const container of children(spec, 'containers')) add(total, of(container));
  const sidecars = new Map<string, Quantity>();
  const init = new Map<string, Quantity>();
  for (const container of children(spec, 'initContainers')) {
    const own = of(container);
    if (str(container, 'restartPolicy') === 'Always') {
      add(total, own);
      add(sidecars, own);
      raise(init, sidecars);
    } else {
      add(own, sidecars);
      raise(init, own);
    }
  }
  raise(total, init);
  for (const [name, q] of of(spec)) total.set(name, q);
  return total;
}
