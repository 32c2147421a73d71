import type { JsonObject } from '../../machinery/json.js';
import { isObject } from '../../machinery/json.js';
import { type Labels, type LabelSelector, matchesLabels } from '../../machinery/labels.js';
import { notFound } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';

const NO_LABELS: Labels = {};

function labelsOf(object: JsonObject | undefined): Labels {
  const metadata = object?.['metadata'];
  const labels = isObject(metadata) ? metadata['labels'] : undefined;
  return isObject(labels) ? labels : NO_LABELS;
}

/** Labels of the request's namespace; those that it is to have where the request is about the Namespace itself. */
function namespaceLabels(ctx: AdmissionContext, a: AdmissionAttributes): Labels {
  if (a.def.resource === 'namespaces' && a.subresource === '' && a.object !== undefined) return labelsOf(a.object);
  const namespace = ctx.reader.get('', 'namespaces', '', a.namespace);
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces' }, a.namespace);
  return labelsOf(namespace);
}

/**
 * Whether a namespaceSelector selects the request. What is in no namespace always passes. Throws 404 where the
 * namespace does not exist.
 */
export function matchesNamespaceSelector(
  selector: LabelSelector,
  ctx: AdmissionContext,
  a: AdmissionAttributes,
): boolean {
  if (selector.length === 0) return true;
  if (a.namespace === '' && a.def.resource !== 'namespaces') return true;
  return matchesLabels(selector, namespaceLabels(ctx, a));
}

/** Whether an objectSelector selects the new object or the old one. */
export function matchesObjectSelector(selector: LabelSelector, a: AdmissionAttributes): boolean {
  if (selector.length === 0) return true;
  if (a.object !== undefined && matchesLabels(selector, labelsOf(a.object))) return true;
  return a.oldObject !== undefined && matchesLabels(selector, labelsOf(a.oldObject));
}
