import { dns1123Label, dns1123Subdomain } from '../../../../machinery/names.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { checkFieldRef, checkResourceFieldRef, ENV_FIELDS } from './downward.js';
import { checkFilePath } from '../paths.js';
import { configKey } from '../config.js';
import { envVarName } from '../texts.js';

function checkKeyRef(ref: FieldNode): void {
  ref.checkText('name', dns1123Subdomain);
  ref.requireText('key', configKey);
}

function checkFileKeyRef(ref: FieldNode): void {
  ref.requireText('volumeName', dns1123Label);
  if (ref.text('path') === '') ref.required('path');
  else checkFilePath(ref, 'path');
  ref.requireText('key', envVarName);
}

function checkValueFrom(from: FieldNode, hasValue: boolean): void {
  let sources = 0;
  const visit = (key: string, check: (ref: FieldNode) => void): void => {
    const ref = from.child(key);
    if (ref === undefined) return;
    sources++;
    check(ref);
  };
  visit('fieldRef', (ref) => checkFieldRef(ref, ENV_FIELDS));
  visit('resourceFieldRef', (ref) => checkResourceFieldRef(ref, false));
  visit('configMapKeyRef', checkKeyRef);
  visit('secretKeyRef', checkKeyRef);
  visit('fileKeyRef', checkFileKeyRef);
  if (sources === 0) {
    from.invalid(
      '',
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      '',
    );
  } else if (hasValue) from.invalid('', 'may not be specified when `value` is not empty', '');
  else if (sources > 1) from.invalid('', 'may not have more than one field specified at a time', '');
}

/** Variables that are read from a file name a volume that containers write (validateFileKeyRefVolumes). */
export function checkFileKeyVolumes(spec: FieldNode): void {
  let sources: Map<string, FieldNode> | undefined;
  for (const key of ['initContainers', 'containers', 'ephemeralContainers']) {
    for (const variable of spec.list(key).flatMap((container) => container.list('env'))) {
      const ref = variable.child('valueFrom')?.child('fileKeyRef');
      if (ref === undefined) continue;
      sources ??= new Map(spec.list('volumes').map((volume) => [volume.text('name'), volume]));
      const volume = sources.get(ref.text('volumeName'));
      if (volume === undefined) ref.notFound('volumeName');
      else if (!volume.has('emptyDir')) ref.invalid('volumeName', 'referenced volume must be of type emptyDir');
    }
  }
}

/** `env` and `envFrom` of a container (ValidateEnv, ValidateEnvFrom). */
export function checkEnv(container: FieldNode): void {
  for (const variable of container.list('env')) {
    variable.requireText('name', envVarName);
    const from = variable.child('valueFrom');
    if (from !== undefined) checkValueFrom(from, variable.text('value') !== '');
  }
}

/** `envFrom` of a container; field errors of the choice of source are about the whole list, as in kube-apiserver. */
export function checkEnvFrom(container: FieldNode): void {
  for (const source of container.list('envFrom')) {
    if (source.text('prefix') !== '') source.checkText('prefix', envVarName);
    const refs = ['configMapRef', 'secretRef'].map((key) => source.child(key)).filter((ref) => ref !== undefined);
    for (const ref of refs) ref.requireText('name', dns1123Subdomain);
    if (refs.length === 0) {
      container.invalid('envFrom', 'must specify one of: `configMapRef` or `secretRef`', '');
    } else if (refs.length > 1) {
      container.invalid('envFrom', 'may not have more than one field specified at a time', '');
    }
  }
}
