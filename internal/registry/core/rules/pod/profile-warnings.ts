import { semanticEqual } from '../../../../machinery/equal.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { APP_ARMOR_PREFIX, APP_ARMOR_WARNING, appArmorProfileOf } from '../../app-armor-annotations.js';

// Annotations that once held security profiles, where the field that took their place is not set.

type Warn = (text: string) => void;

const SECCOMP_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_PREFIX = 'container.seccomp.security.alpha.kubernetes.io/';
const SECCOMP_WARNING = 'non-functional in v1.27+; use the "seccompProfile" field instead';

function warnOf(annotations: FieldNode, key: string, text: string, warn: Warn): void {
  warn(`${annotations.path}[${key}]: ${text}`);
}

/** Warnings about the annotation for the whole pod. */
export function podProfileWarnings(root: FieldNode, warn: Warn): void {
  const annotations = root.struct('metadata').child('annotations');
  if (annotations === undefined || !annotations.has(SECCOMP_POD)) return;
  const security = root.struct('spec').child('securityContext');
  if (security?.has('seccompProfile') !== true) warnOf(annotations, SECCOMP_POD, SECCOMP_WARNING, warn);
}

/** Warnings about the annotations for one container. AppArmor's of a pod itself are told where they become fields. */
export function containerProfileWarnings(root: FieldNode, container: FieldNode, warn: Warn): void {
  const annotations = root.struct('metadata').child('annotations');
  if (annotations === undefined) return;
  const [name, security] = [container.text('name'), container.child('securityContext')];
  const seccomp = SECCOMP_PREFIX + name;
  if (annotations.has(seccomp) && security?.has('seccompProfile') !== true) {
    warnOf(annotations, seccomp, SECCOMP_WARNING, warn);
  }
  const isTemplate = root.path !== '';
  const appArmor = APP_ARMOR_PREFIX + name;
  if (!isTemplate || !annotations.has(appArmor) || security?.has('appArmorProfile') === true) return;
  const ofPod = root.struct('spec').child('securityContext')?.get('appArmorProfile');
  if (ofPod !== undefined && semanticEqual(ofPod, appArmorProfileOf(annotations.text(appArmor)))) return;
  warnOf(annotations, appArmor, APP_ARMOR_WARNING, warn);
}
