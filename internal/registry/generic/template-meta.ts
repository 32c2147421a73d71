import type { FieldNode } from './field-node.js';
import { annotationErrors, labelErrors } from './object-meta.js';

/** In the order of Go's ObjectMeta; labels and annotations are those that a template may have. */
const TEXTS = ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion', 'generation'];
const POINTERS_AND_LISTS = [
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'ownerReferences',
  'finalizers',
  'managedFields',
];

/** Field errors of the metadata of a template, which is copied to what is made by it (core validation's ValidateTemplateObjectMeta). */
export function checkTemplateMeta(meta: FieldNode): void {
  meta.add(...annotationErrors(meta.get('annotations'), meta.at('annotations')));
  meta.add(...labelErrors(meta.get('labels'), meta.at('labels')));
  const forbid = (key: string): void => meta.forbidden(key === 'uid' ? 'uID' : key, 'cannot be set');
  for (const key of TEXTS) {
    const v = meta.get(key);
    if (v !== undefined && v !== '' && v !== 0) forbid(key);
  }
  for (const key of POINTERS_AND_LISTS) if (meta.shown(key) !== undefined) forbid(key);
}
