import { child, defaultString, defaultTo, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

/** SetDefaults_PersistentVolumeClaimSpec. */
export function defaultClaimSpec(spec: JsonObject): void {
  defaultTo(spec, 'volumeMode', 'Filesystem');
}

/** SetDefaults_PersistentVolumeClaim; also for the claim templates of a StatefulSet. */
export function defaultClaim(claim: JsonObject): void {
  defaultString(ensureChild(claim, 'status'), 'phase', 'Pending');
  const spec = child(claim, 'spec');
  if (spec !== undefined) defaultClaimSpec(spec);
}

/** What `dataSource` could name before `dataSourceRef` came; anything else was dropped without a word. */
function isClassicSource(source: JsonObject): boolean {
  const [group, kind] = [str(source, 'apiGroup'), str(source, 'kind')];
  return (
    (group === '' && kind === 'PersistentVolumeClaim') ||
    (group === 'snapshot.storage.k8s.io' && kind === 'VolumeSnapshot')
  );
}

/**
 * Keeps `dataSource` and `dataSourceRef` in step: whichever is given alone fills the other
 * (pkg/api/persistentvolumeclaim: EnforceDataSourceBackwardsCompatibility, NormalizeDataSources).
 */
function normalizeDataSources(spec: JsonObject, before?: JsonObject): void {
  // CrossNamespaceVolumeDataSource is off: such a source is dropped, unless there was one.
  const wanted = child(spec, 'dataSourceRef');
  if (str(wanted, 'namespace') !== '' && child(before, 'dataSourceRef') === undefined) delete spec['dataSourceRef'];
  const hadSource = child(before, 'dataSource') !== undefined || child(before, 'dataSourceRef') !== undefined;
  const source = child(spec, 'dataSource');
  const ref = child(spec, 'dataSourceRef');
  if (!hadSource && ref === undefined && source !== undefined && !isClassicSource(source)) {
    delete spec['dataSource'];
    return;
  }
  if (source !== undefined && ref === undefined) spec['dataSourceRef'] = { ...source };
  else if (source === undefined && ref !== undefined && str(ref, 'namespace') === '') {
    const local: JsonObject = { ...ref };
    delete local['namespace'];
    spec['dataSource'] = local;
  }
}

export const persistentVolumeClaims: Strategy = {
  defaults: defaultClaim,
  prepareForCreate(_ctx, claim) {
    claim['status'] = { phase: 'Pending' };
    normalizeDataSources(ensureChild(claim, 'spec'));
  },
  prepareForUpdate(_ctx, claim, old) {
    normalizeDataSources(ensureChild(claim, 'spec'), child(old, 'spec'));
  },
};
