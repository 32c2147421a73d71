import type { FieldNode } from '../../generic/field-node.js';

// What volumes and claims have in common.

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

/** At least one mode of access, all of them known; one pod alone excludes the others. `detail`: said when there is none. */
export function checkAccessModes(spec: FieldNode, detail: string): void {
  const modes = spec.texts('accessModes');
  if (modes.length === 0) spec.required('accessModes', detail);
  for (const mode of modes) if (!ACCESS_MODES.includes(mode)) spec.unsupported('accessModes', ACCESS_MODES, mode);
  const others = modes.some((mode) => mode !== 'ReadWriteOncePod' && ACCESS_MODES.includes(mode));
  if (modes.includes('ReadWriteOncePod') && others) {
    spec.forbidden('accessModes', 'may not use ReadWriteOncePod with other access modes');
  }
}

export const checkVolumeMode = (spec: FieldNode): void => spec.checkOneOf('volumeMode', ['Block', 'Filesystem']);
