import type { FieldNode } from '../../../generic/field-node.js';

// Security profiles were annotations once. Where a new pod has both, they must say the same.

interface ProfileKind {
  /** Name of the member of a security context. */
  readonly field: string;
  /** What field errors call it. */
  readonly word: string;
  /** Annotation of a container, up to its name. */
  readonly ofContainer: string;
  readonly ofPod?: string;
  readonly runtimeDefault: readonly string[];
}

const SECCOMP: ProfileKind = {
  field: 'seccompProfile',
  word: 'seccomp',
  ofContainer: 'container.seccomp.security.alpha.kubernetes.io/',
  ofPod: 'seccomp.security.alpha.kubernetes.io/pod',
  runtimeDefault: ['runtime/default', 'docker/default'],
};
const APPARMOR: ProfileKind = {
  field: 'appArmorProfile',
  word: 'apparmor',
  ofContainer: 'container.apparmor.security.beta.kubernetes.io/',
  runtimeDefault: ['runtime/default'],
};
const LOCALHOST = 'localhost/';

function checkMatch(annotation: string, profile: FieldNode, kind: ProfileKind): void {
  const type = profile.text('type');
  const local = annotation.startsWith(LOCALHOST);
  const same =
    (type === 'Unconfined' && annotation === 'unconfined') ||
    (type === 'RuntimeDefault' && kind.runtimeDefault.includes(annotation)) ||
    (type === 'Localhost' && local);
  if (!same && ['Unconfined', 'RuntimeDefault', 'Localhost'].includes(type)) {
    profile.forbidden('type', `${kind.word} type in annotation and field must match`);
  } else if (type === 'Localhost' && annotation.slice(LOCALHOST.length) !== profile.text('localhostProfile')) {
    profile.forbidden('localhostProfile', `${kind.word} profile in annotation and field must match`);
  }
}

/** Annotations and fields of a new pod agree about its security profiles. */
export function checkProfilesMatch(meta: FieldNode, spec: FieldNode): void {
  const annotations = meta.child('annotations');
  if (annotations === undefined) return;
  const ofPod = spec.child('securityContext');
  for (const kind of [SECCOMP, APPARMOR]) {
    if (kind === APPARMOR && spec.child('os')?.text('name') === 'windows') continue;
    const podProfile = ofPod?.child(kind.field);
    if (podProfile !== undefined && kind.ofPod !== undefined && annotations.has(kind.ofPod)) {
      checkMatch(annotations.text(kind.ofPod), podProfile, kind);
    }
    for (const list of ['initContainers', 'containers']) {
      for (const container of spec.list(list)) {
        const key = `${kind.ofContainer}${container.text('name')}`;
        if (!annotations.has(key)) continue;
        const own = container.struct('securityContext').child(kind.field);
        // A container has its pod's AppArmor profile, and field errors are about the container all the same.
        const inherited = kind === APPARMOR ? podProfile : undefined;
        const profile = own ?? inherited?.movedTo(`${container.path}.securityContext.${kind.field}`);
        if (profile !== undefined) checkMatch(annotations.text(key), profile, kind);
      }
    }
  }
}
