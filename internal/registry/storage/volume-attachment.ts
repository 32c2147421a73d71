import { child } from '../../machinery/access.js';
import { semanticEqual } from '../../machinery/equal.js';
import { dns1123Subdomain } from '../../machinery/names.js';
import { defaultVolumeSource } from '../core/volume-defaults.js';
import { checkInlineVolume } from '../core/rules/persistent-volume.js';
import { asInGo } from '../generic/as-in-go.js';
import { type FieldNode, IMMUTABLE, validating } from '../generic/field-node.js';
import type { Strategy } from '../types.js';
import { checkCsiDriverName } from './csi-node.js';
import { mapBytes } from './parameters.js';

const MAX_METADATA_BYTES = 256 * 1024;
const MAX_ERROR_BYTES = 1024;
const ONE_SOURCE = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

function checkSource(source: FieldNode): void {
  const named = source.has('persistentVolumeName');
  if (source.has('inlineVolumeSpec')) {
    if (named) source.forbidden('', ONE_SOURCE);
    else checkInlineVolume(source.struct('inlineVolumeSpec'));
  } else if (!named) source.required('', ONE_SOURCE);
  else if (source.text('persistentVolumeName') === '') {
    source.required('persistentVolumeName', 'must specify non empty persistentVolumeName');
  }
}

function checkError(error: FieldNode | undefined): void {
  if (error === undefined) return;
  if (Buffer.byteLength(error.text('message')) > MAX_ERROR_BYTES) error.tooLong('message', MAX_ERROR_BYTES);
  if ((error.number('errorCode') ?? 0) < 0) {
    error.invalid('errorCode', 'must be between 0 and 2147483647, inclusive');
  }
}

function checkStatus(status: FieldNode): void {
  if (mapBytes(status, 'attachmentMetadata') > MAX_METADATA_BYTES) {
    status.tooLong('attachmentMetadata', MAX_METADATA_BYTES);
  }
  checkError(status.child('attachError'));
  checkError(status.child('detachError'));
}

function check(root: FieldNode): void {
  const spec = root.struct('spec');
  checkCsiDriverName(spec, 'attacher');
  const source = spec.struct('source');
  checkSource(source);
  spec.checkText('nodeName', dns1123Subdomain);
  checkStatus(root.struct('status'));
  if (source.has('persistentVolumeName')) source.checkText('persistentVolumeName', dns1123Subdomain);
}

function checkUpdate(root: FieldNode, sameSpec: boolean): void {
  check(root);
  const spec = root.struct('spec');
  if (sameSpec) return;
  spec.invalid('', IMMUTABLE, asInGo(spec.value, 'io.k8s.api.storage.v1.VolumeAttachmentSpec'));
}

export const volumeAttachments: Strategy = {
  defaults(attachment) {
    const inline = child(child(child(attachment, 'spec'), 'source'), 'inlineVolumeSpec');
    if (inline !== undefined) defaultVolumeSource(inline);
  },
  prepareForCreate(_ctx, attachment) {
    attachment['status'] = { attached: false };
  },
  validate: (attachment) => validating(attachment, check),
  validateUpdate: (attachment, old) =>
    validating(attachment, (root) => checkUpdate(root, semanticEqual(attachment['spec'], old['spec']))),
  validateStatusUpdate: (attachment) => validating(attachment, check),
};
