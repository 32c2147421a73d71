import { children, ensureChild, str, strings } from '../../machinery/access.js';
import type { Strategy } from '../types.js';

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

/** How definitions end: marked and kept by a finalizer until their objects are gone (apiextensions' registry). */
export const customResourceDefinitions: Strategy = {
  // The cleanup finalizer has no slash.
  anyFinalizer: true,
  beginDelete(ctx, definition) {
    const meta = ensureChild(definition, 'metadata');
    if (str(meta, 'deletionTimestamp') !== '') return 'delete';
    meta['deletionTimestamp'] = ctx.now;
    const finalizers = strings(meta, 'finalizers');
    if (!finalizers.includes(CLEANUP_FINALIZER)) meta['finalizers'] = [...finalizers, CLEANUP_FINALIZER];
    const status = ensureChild(definition, 'status');
    status['conditions'] = [
      ...children(status, 'conditions').filter((c) => str(c, 'type') !== 'Terminating'),
      {
        type: 'Terminating',
        status: 'True',
        lastTransitionTime: ctx.now,
        reason: 'InstanceDeletionPending',
        message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
      },
    ];
    return 'update';
  },
};
