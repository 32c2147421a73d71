import { child, ensureChild, str, strings } from '../../machinery/access.js';
import { invalidValue } from '../../machinery/field.js';
import { qualifiedName } from '../../machinery/names.js';
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
      validate(ns) {
        return strings(child(ns, 'spec'), 'finalizers').flatMap((f, i) => {
          const faults = qualifiedName(f);
          if (
            faults.length === 0 &&
            !f.includes('/') &&
            f !== 'kubernetes' &&
            f !== 'orphan' &&
            f !== 'foregroundDeletion'
          ) {
            faults.push('name is neither a standard finalizer name nor is it fully qualified');
          }
          return faults.map((m) => invalidValue(`spec.finalizers[${i}]`, f, m));
        });
      },
    },
  },
  validateStatusUpdate(ns) {
    const phase = str(child(ns, 'status'), 'phase');
    const deleting = str(child(ns, 'metadata'), 'deletionTimestamp') !== '';
    if (deleting && phase !== 'Terminating') {
      return [invalidValue('status.phase', phase, "may only be 'Terminating' if `deletionTimestamp` is not empty")];
    }
    if (!deleting && phase !== 'Active') {
      return [invalidValue('status.phase', phase, "may only be 'Active' if `deletionTimestamp` is empty")];
    }
    return [];
  },
};
