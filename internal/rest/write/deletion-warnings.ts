import type { ResourceDef } from '../../schema/types.js';
import type { DeleteOptions } from './options.js';

const JOB_WARNING =
  'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning';

/** What a client is told that deletes an object of a resource, or several: once each (kube-apiserver's WarningsOnDelete). */
export function deletionWarnings(def: ResourceDef, options: DeleteOptions): readonly string[] {
  const isJob = def.group === 'batch' && def.resource === 'jobs';
  const says = options.propagationPolicy !== undefined || options.orphanDependents !== undefined;
  return isJob && !says ? [JOB_WARNING] : [];
}
