import type { FieldNode } from '../../../generic/field-node.js';
import { checkFileMode, checkFilePath } from '../paths.js';
import { checkFieldRef, checkResourceFieldRef, FILE_FIELDS } from './downward.js';

/** One key of a config map or secret as a file. */
export function checkKeyToPath(item: FieldNode): void {
  item.requireText('key');
  item.requireText('path');
  checkFilePath(item, 'path');
  checkFileMode(item, 'mode');
}

/** A volume of keys: config map or secret, named by `nameKey`. */
export const checkKeys =
  (nameKey: string) =>
  (source: FieldNode): void => {
    source.requireText(nameKey);
    checkFileMode(source, 'defaultMode');
    for (const item of source.list('items')) checkKeyToPath(item);
  };

/** One file of the downward API (validateDownwardAPIVolumeFile); field errors name the volume, not the item. */
export function checkDownwardFile(file: FieldNode): void {
  file.requireText('path');
  checkFilePath(file, 'path');
  const field = file.child('fieldRef');
  const resource = file.child('resourceFieldRef');
  if (field !== undefined) {
    checkFieldRef(field, FILE_FIELDS);
    if (resource !== undefined) {
      file.invalid('', 'fieldRef and resourceFieldRef can not be specified simultaneously', 'resource');
    }
  } else if (resource !== undefined) checkResourceFieldRef(resource, true);
  else file.required('', 'one of fieldRef and resourceFieldRef is required');
  checkFileMode(file, 'mode');
}

/** A volume of what a pod knows of itself. */
export function checkDownward(source: FieldNode): void {
  checkFileMode(source, 'defaultMode');
  for (const item of source.list('items')) checkDownwardFile(item.movedTo(source.path));
}
