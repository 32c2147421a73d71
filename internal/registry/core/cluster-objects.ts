import { child, defaultString, defaultTo, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';
import { convertNode } from './conversion.js';
import { dropGatedNodeFields } from './gated-fields.js';
import { defaultVolumeSource } from './volume-defaults.js';

/** SetDefaults_NodeStatus, the conversion's podCIDRs, and the spec taint-free start of nodeStrategy. */
export const nodes: Strategy = {
  defaults(node) {
    const status = child(node, 'status');
    const capacity = child(status, 'capacity');
    if (status !== undefined && capacity !== undefined && child(status, 'allocatable') === undefined) {
      status['allocatable'] = { ...capacity };
    }
    convertNode(node);
  },
  prepareForCreate: (_ctx, node) => dropGatedNodeFields(node, undefined),
  prepareForUpdate: (_ctx, node, old) => dropGatedNodeFields(node, old),
  prepareForStatusUpdate: (_ctx, node, old) => dropGatedNodeFields(node, old),
  fieldNames: ['spec.unschedulable'],
  fields: (node) => ({ 'spec.unschedulable': String(child(node, 'spec')?.['unschedulable'] === true) }),
};

/** When the phase last changed: kept by the server unless a client says it. */
const TRANSITION = 'lastPhaseTransitionTime';

export const persistentVolumes: Strategy = {
  defaults(pv) {
    const spec = ensureChild(pv, 'spec');
    defaultString(spec, 'persistentVolumeReclaimPolicy', 'Retain');
    defaultTo(spec, 'volumeMode', 'Filesystem');
    defaultVolumeSource(spec);
    defaultString(ensureChild(pv, 'status'), 'phase', 'Pending');
  },
  prepareForCreate(ctx, pv) {
    pv['status'] = { phase: 'Pending', lastPhaseTransitionTime: ctx.now };
  },
  prepareForStatusUpdate(ctx, pv, old) {
    const status = ensureChild(pv, 'status');
    const before = child(old, 'status');
    const [time, then] = [status[TRANSITION], before?.[TRANSITION]];
    if (str(status, 'phase') === str(before, 'phase')) {
      if (time === undefined && then !== undefined) status[TRANSITION] = then;
    } else if (time === undefined || time === then) status[TRANSITION] = ctx.now;
  },
};

function involvedObjectFields(ev: JsonObject): Record<string, string> {
  const involved = child(ev, 'involvedObject');
  const source = str(child(ev, 'source'), 'component');
  const fields: Record<string, string> = {
    reason: str(ev, 'reason'),
    reportingComponent: str(ev, 'reportingComponent'),
    source: source === '' ? str(ev, 'reportingComponent') : source,
    type: str(ev, 'type'),
  };
  for (const f of INVOLVED) fields[`involvedObject.${f}`] = str(involved, f);
  return fields;
}
/** Fields of the object that an event is about. */
export const INVOLVED = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const;

/** Core events; events.k8s.io events are stored in this form (pkg/registry/core/event). */
export const events: Strategy = {
  fieldNames: [...INVOLVED.map((f) => `involvedObject.${f}`), 'reason', 'reportingComponent', 'source', 'type'],
  fields: involvedObjectFields,
};
