import { child, children, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

/**
 * Puts the stored conditions of a type in the place of those that the client sent, when there are as many: a client need
 * not repeat them exactly. Added and removed ones stay as they are and are refused (preserveConditionInstances).
 */
function preserve(conditions: JsonObject[], before: readonly JsonObject[], type: string): void {
  const stored = before.filter((c) => c['type'] === type);
  const places = [...conditions.keys()].filter((i) => conditions[i]?.['type'] === type);
  if (places.length !== stored.length) return;
  for (const [n, i] of places.entries()) conditions[i] = { ...stored[n] };
}

/** Conditions without times get them: the old ones where nothing changed (populateConditionTimestamps). */
function stamp(csr: JsonObject, old: JsonObject, now: string): void {
  const before = children(child(old, 'status'), 'conditions');
  for (const c of children(child(csr, 'status'), 'conditions')) {
    if (str(c, 'lastUpdateTime') === '') c['lastUpdateTime'] = now;
    if (str(c, 'lastTransitionTime') !== '') continue;
    const same = before.find((b) => b['type'] === c['type'] && b['status'] === c['status']);
    const time = str(same, 'lastTransitionTime');
    c['lastTransitionTime'] = time === '' ? now : time;
  }
}

function keepSpec(csr: JsonObject, old: JsonObject): void {
  if (old['spec'] !== undefined) csr['spec'] = old['spec'];
}

/** Approval decides, status brings the certificate: each keeps what is the other's (pkg/registry/certificates). */
export const certificateSigningRequests: Strategy = {
  subresources: {
    approval: {
      prepare(ctx, csr, old) {
        keepSpec(csr, old);
        const conditions = child(csr, 'status')?.['conditions'];
        const status: JsonObject = { ...child(old, 'status') };
        if (conditions === undefined) delete status['conditions'];
        else status['conditions'] = conditions;
        csr['status'] = status;
        stamp(csr, old, ctx.now);
      },
    },
    status: {
      prepare(ctx, csr, old) {
        keepSpec(csr, old);
        const status = ensureChild(csr, 'status');
        const conditions = children(status, 'conditions');
        const before = children(child(old, 'status'), 'conditions');
        for (const type of ['Approved', 'Denied']) preserve(conditions, before, type);
        if (conditions.length === 0) delete status['conditions'];
        else status['conditions'] = conditions;
        stamp(csr, old, ctx.now);
      },
    },
  },
};
