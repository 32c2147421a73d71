import { child, ensureChild, str, strings } from '../../machinery/access.js';
import { checkFinalized } from '../core/rules/namespace.js';
import { validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';

/** How namespaces end: phase Terminating, then `/finalize` by their controller, then removal (pkg/registry/core/namespace). */
export const namespaces: Strategy = {
  beginDelete(ctx, ns) {
    const meta = ensureChild(ns, 'metadata');
    if (str(meta, 'deletionTimestamp') !== '') {
      return strings(child(ns, 'spec'), 'finalizers').length > 0 ? 'wait' : 'delete';
    }
    meta['deletionTimestamp'] = ctx.now;
    ensureChild(ns, 'status')['phase'] = 'Terminating';
    return 'update';
  },
  deletableDuringUpdate: (ns) => strings(child(ns, 'spec'), 'finalizers').length === 0,
  subresources: {
    finalize: {
      prepare(_ctx, ns, old) {
        if (old['status'] === undefined) delete ns['status'];
        else ns['status'] = old['status'];
      },
      validate: (ns) => validating(ns, checkFinalized),
    },
  },
};
