import { isDeepStrictEqual } from 'node:util';
import { child, children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { AUTO_UPDATE } from '../../registry/default-objects/flow-control.js';
import type { DefaultObject } from '../../registry/default-objects/index.js';

/** Like RFC 7386, but only adds: true when `wanted`'s keys are all in `have`. */
function contains(have: JsonObject | undefined, wanted: JsonObject | undefined): boolean {
  return Object.entries(wanted ?? {}).every(([k, v]) => isDeepStrictEqual(have?.[k], v));
}

function merge(o: JsonObject, key: string, wanted: JsonObject | undefined): void {
  if (wanted === undefined || contains(child(o, key), wanted)) return;
  Object.assign(ensureChild(o, key), structuredClone(wanted));
}

/**
 * Whether the servers keep the spec of a suggested object of priority and fairness: as its annotation says, or, where it
 * does not, as long as nobody has changed the spec.
 */
function updatesItself(live: JsonObject): boolean {
  const metadata = child(live, 'metadata');
  const said = str(child(metadata, 'annotations'), AUTO_UPDATE);
  return said === 'true' || (said !== 'false' && metadata?.['generation'] === 1);
}

/**
 * What a default object that is there already has to become, or undefined when nothing has to change.
 * Roles and bindings only gain what is missing (rbac reconciliation: an administrator may widen, not narrow them);
 * flow control and `data` are set back. An autoupdate annotation of "false" leaves the object alone, unless it is mandatory.
 */
export function reconciled(wanted: DefaultObject, live: JsonObject): JsonObject | undefined {
  const annotations = child(child(live, 'metadata'), 'annotations');
  const next = structuredClone(live);
  switch (wanted.reconcile) {
    case 'ifMissing':
      return undefined;
    case 'rbac': {
      if (str(annotations, 'rbac.authorization.kubernetes.io/autoupdate') === 'false') return undefined;
      const meta = ensureChild(next, 'metadata');
      const wantedMeta = child(wanted.object, 'metadata');
      merge(meta, 'labels', child(wantedMeta, 'labels'));
      merge(meta, 'annotations', child(wantedMeta, 'annotations'));
      for (const list of ['rules', 'subjects']) {
        const have = children(next, list);
        const missing = children(wanted.object, list).filter((w) => !have.some((h) => isDeepStrictEqual(h, w)));
        // An aggregated role's rules are its controller's.
        if (missing.length > 0) next[list] = [...have, ...missing];
      }
      break;
    }
    case 'spec':
    case 'mandatory': {
      const auto = wanted.reconcile === 'mandatory' || updatesItself(live);
      ensureChild(ensureChild(next, 'metadata'), 'annotations')[AUTO_UPDATE] = String(auto);
      const spec = { ...child(wanted.object, 'spec') };
      // How many seats the exempt level lends is the administrator's to say.
      if (wanted.reconcile === 'mandatory') delete spec['exempt'];
      if (auto && !contains(child(live, 'spec'), spec)) next['spec'] = structuredClone(wanted.object['spec'] ?? {});
      break;
    }
    case 'data':
      merge(next, 'data', child(wanted.object, 'data'));
      break;
  }
  return isDeepStrictEqual(next, live) ? undefined : next;
}
