import { child } from '../../../../machinery/access.js';
import { invalidValue } from '../../../../machinery/field.js';
import type { JsonObject } from '../../../../machinery/json.js';
import type { FieldNode } from '../../../generic/field-node.js';

// Annotations that mean something for a pod (ValidatePodSpecificAnnotations and ...Updates).

const MIRROR = 'kubernetes.io/config.mirror';
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost';
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';
const MAX_INT32 = 2_147_483_647;

/** A decimal 32-bit integer as Go's strconv writes it. */
function isDeletionCost(text: string): boolean {
  if (!/^(0|-?[1-9][0-9]*)$/.test(text)) return false;
  const n = Number(text);
  return n >= -MAX_INT32 - 1 && n <= MAX_INT32;
}

function isAppArmorProfile(text: string): boolean {
  return text === '' || text === 'runtime/default' || text === 'unconfined' || text.startsWith('localhost/');
}

function hasContainer(spec: FieldNode, name: string): boolean {
  return ['initContainers', 'containers', 'ephemeralContainers'].some((key) =>
    spec.list(key).some((c) => c.text('name') === name),
  );
}

/** `owner` holds `annotations`; `old`: the annotations that are replaced, which may keep what was once allowed. */
export function checkPodAnnotations(owner: FieldNode, spec: FieldNode, old?: JsonObject): void {
  const annotations = owner.child('annotations');
  if (annotations === undefined) return;
  const report = (key: string, detail: string, badValue = annotations.text(key)): void =>
    annotations.add(invalidValue(`${annotations.path}[${key}]`, badValue, detail));
  if (annotations.has(MIRROR) && spec.text('nodeName') === '') {
    report(MIRROR, 'must set spec.nodeName if mirror pod annotation is set');
  }
  for (const key in annotations.value) {
    if (!key.startsWith(APPARMOR)) continue;
    const name = key.slice(APPARMOR.length);
    const profile = annotations.text(key);
    if (!hasContainer(spec, name)) report(key, 'container not found', name);
    if (!isAppArmorProfile(profile)) report(key, `invalid AppArmor profile name: ${JSON.stringify(profile)}`);
  }
  const before = old?.[DELETION_COST];
  const kept = typeof before === 'string' && !isDeletionCost(before);
  if (annotations.has(DELETION_COST) && !kept && !isDeletionCost(annotations.text(DELETION_COST))) {
    report(DELETION_COST, 'must be a 32bit integer');
  }
}

/** Whether a pod only shows one that a node runs from a file of its own. */
export const isMirror = (pod: JsonObject): boolean =>
  child(child(pod, 'metadata'), 'annotations')?.[MIRROR] !== undefined;

/** A mirror pod stays one, and no other pod becomes one. */
export function checkMirrorKept(meta: FieldNode, oldMeta: JsonObject | undefined): void {
  const now = meta.struct('annotations');
  const before = child(oldMeta, 'annotations')?.[MIRROR];
  const field = `annotations[${MIRROR}]`;
  if (before === undefined) {
    if (now.has(MIRROR)) meta.forbidden(field, 'may not add mirror pod annotation');
  } else if (now.get(MIRROR) !== before) meta.forbidden(field, 'may not remove or update mirror pod annotation');
}
