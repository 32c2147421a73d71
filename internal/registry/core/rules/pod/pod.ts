import { child } from '../../../../machinery/access.js';
import type { FieldError } from '../../../../machinery/field.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { FieldNode } from '../../../generic/field-node.js';
import { checkPodAnnotations, checkPodAnnotationUpdates } from './annotations.js';
import { checkImageText } from './container.js';
import { checkPodSpec } from './pod-spec.js';
import { checkPodUpdate } from './pod-update.js';
import { checkProfilesMatch } from './profile-annotations.js';

/** What holds for pods but was never demanded of templates. */
function checkOnlyForPods(spec: FieldNode): void {
  if (spec.text('serviceAccountName') === '') {
    for (const volume of spec.list('volumes')) {
      for (const source of volume.child('projected')?.list('sources') ?? []) {
        if (source.has('serviceAccountToken')) {
          source.forbidden('serviceAccountToken', 'must not be specified when serviceAccountName is not set');
        }
      }
    }
  }
  for (const key of ['containers', 'initContainers']) for (const c of spec.list(key)) checkImageText(c);
}

/** Metadata and spec of a pod (validatePodMetadataAndSpec). */
export function checkPod(pod: JsonObject, old: JsonObject | undefined): FieldNode {
  const root = new FieldNode(pod);
  const meta = root.struct('metadata');
  const spec = root.struct('spec');
  checkPodAnnotations(meta, spec, child(child(old, 'metadata'), 'annotations'));
  checkPodSpec(spec, { isPod: true, podName: meta.text('name'), old: child(old, 'spec') });
  checkOnlyForPods(spec);
  return root;
}

/** Field errors of a new pod (ValidatePodCreate). */
export function podErrors(pod: JsonObject): FieldError[] {
  const root = checkPod(pod, undefined);
  const spec = root.struct('spec');
  if (spec.count('ephemeralContainers') > 0) spec.forbidden('ephemeralContainers', 'cannot be set on create');
  if (spec.text('nodeName') !== '' && spec.count('schedulingGates') > 0) {
    spec.forbidden('nodeName', 'cannot be set until all schedulingGates have been cleared');
  }
  checkProfilesMatch(root.struct('metadata'), spec);
  return root.problems;
}

/** Field errors of a changed pod (ValidatePodUpdate). */
export function podUpdateErrors(pod: JsonObject, old: JsonObject): FieldError[] {
  const root = checkPod(pod, old);
  checkPodAnnotationUpdates(root.struct('metadata'), root.struct('spec'), child(old, 'metadata'));
  checkPodUpdate(root, child(old, 'spec') ?? {});
  return root.problems;
}
