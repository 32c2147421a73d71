import { child, children } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';
import { podSpecContainers } from './pod-template-defaults.js';

// Fields whose feature gates are off in v1.36: kube-apiserver takes them out of what clients send, unless the object that
// is replaced has them already (pkg/api/pod: DropDisabledPodFields, DropDisabledTemplateFields).

/** How a field is found in a pod's spec or status and taken out of it. `visit` answers whether it was there. */
type Gated = (owner: JsonObject, remove: boolean) => boolean;

/** Takes a member out of objects. */
function gatedIn(objects: readonly JsonObject[], key: string, remove: boolean): boolean {
  let found = false;
  for (const o of objects) {
    if (o[key] === undefined) continue;
    found = true;
    if (remove) delete o[key];
  }
  return found;
}

const projections = (spec: JsonObject): JsonObject[] =>
  children(spec, 'volumes').flatMap((volume) => children(child(volume, 'projected'), 'sources'));

/** A lifecycle with nothing but a stop signal goes whole. */
const stopSignals: Gated = (spec, remove) => {
  let found = false;
  for (const container of podSpecContainers(spec)) {
    const lifecycle = child(container, 'lifecycle');
    if (lifecycle?.['stopSignal'] === undefined) continue;
    found = true;
    if (!remove) continue;
    delete lifecycle['stopSignal'];
    if (Object.values(lifecycle).every((v) => v === undefined)) delete container['lifecycle'];
  }
  return found;
};

const POD_FIELDS: readonly Gated[] = [
  // ClusterTrustBundleProjection
  (spec, remove) => gatedIn(projections(spec), 'clusterTrustBundle', remove),
  // PodCertificateRequest
  (spec, remove) => gatedIn(projections(spec), 'podCertificate', remove),
  // GenericWorkload
  (spec, remove) => gatedIn([spec], 'schedulingGroup', remove),
  // ContainerStopSignals
  stopSignals,
];

/** Takes out of a pod spec what is gated, unless `old`, the spec that is replaced, has it. */
export function dropGatedPodFields(spec: JsonObject | undefined, old: JsonObject | undefined): void {
  if (spec !== undefined) dropGated(POD_FIELDS, spec, old);
}

function dropGated(fields: readonly Gated[], owner: JsonObject, old: JsonObject | undefined): void {
  for (const field of fields) if (field(owner, false) && (old === undefined || !field(old, false))) field(owner, true);
}

const mountsIn = (status: JsonObject): JsonObject[] =>
  ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'].flatMap((key) =>
    children(status, key).flatMap((container) => children(container, 'volumeMounts')),
  );

const POD_STATUS_FIELDS: readonly Gated[] = [
  // ImageVolumeWithDigest
  (status, remove) => gatedIn(mountsIn(status), 'volumeStatus', remove),
  // DRANodeAllocatableResources
  (status, remove) => gatedIn([status], 'nodeAllocatableResourceClaimStatuses', remove),
];

/** Takes out of a pod's status what is gated, unless `old`, the status that is replaced, has it (dropDisabledPodStatusFields). */
export function dropGatedPodStatusFields(status: JsonObject, old: JsonObject): void {
  dropGated(POD_STATUS_FIELDS, status, old);
}

/** Of a node: its configuration was once dynamic (NodeStrategy.dropDisabledFields). `old`: the node that is replaced. */
export function dropGatedNodeFields(node: JsonObject, old: JsonObject | undefined): void {
  for (const [part, key] of [
    ['spec', 'configSource'],
    ['status', 'config'],
  ] as const) {
    const owner = child(node, part);
    if (owner?.[key] !== undefined && child(old, part)?.[key] === undefined) delete owner[key];
  }
}

/** The same strategy, which takes gated fields out of the template of what it writes. `ownerOf` finds the object with `template`. */
export function withGatedTemplate(
  strategy: Strategy,
  ownerOf: (o: JsonObject) => JsonObject | undefined = (o) => child(o, 'spec'),
): Strategy {
  const specOf = (o: JsonObject): JsonObject | undefined => child(child(ownerOf(o), 'template'), 'spec');
  return {
    ...strategy,
    prepareForCreate(ctx, o) {
      dropGatedPodFields(specOf(o), undefined);
      strategy.prepareForCreate?.(ctx, o);
    },
    prepareForUpdate(ctx, o, old) {
      dropGatedPodFields(specOf(o), specOf(old));
      strategy.prepareForUpdate?.(ctx, o, old);
    },
  };
}
