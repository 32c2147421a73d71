import { type FieldError, invalidValue, required } from '../../machinery/field.js';
import { FieldNode } from '../generic/field-node.js';
import type { JsonObject } from '../../machinery/json.js';

const ANNOTATION = 'api-approved.kubernetes.io';
const FIELD = `metadata.annotations[${ANNOTATION}]`;
const SEE = 'see https://github.com/kubernetes/enhancements/pull/1111';

const isProtected = (group: string): boolean => /(^|\.)(k8s|kubernetes)\.io$/.test(group);

type Approval = 'missing' | 'bypassed' | 'approved' | 'invalid';

function approvalOf(annotation: string): Approval {
  if (annotation === '') return 'missing';
  if (annotation.startsWith('unapproved')) return 'bypassed';
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]+/i.test(annotation) ? 'approved' : 'invalid';
}

const annotationOf = (crd: JsonObject): string =>
  new FieldNode(crd).struct('metadata').struct('annotations').text(ANNOTATION);

/** Groups of the Kubernetes community need an approval to be added to; what is so already may stay so. */
export function approvalErrors(crd: JsonObject, old: JsonObject | undefined): FieldError[] {
  if (!isProtected(new FieldNode(crd).struct('spec').text('group'))) return [];
  const annotation = annotationOf(crd);
  const approval = approvalOf(annotation);
  if (old !== undefined && approvalOf(annotationOf(old)) === approval) return [];
  if (approval === 'missing') {
    return [required(FIELD, `protected groups must have approval annotation "${ANNOTATION}", ${SEE}`)];
  }
  if (approval !== 'invalid') return [];
  const why = `protected groups must have approval annotation "${ANNOTATION}" with either a URL or a reason starting with "unapproved", ${SEE}`;
  return [invalidValue(FIELD, annotation, why)];
}
