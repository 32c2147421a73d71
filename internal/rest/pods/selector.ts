import { child, children, str, strings } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

/** Whether a metav1.LabelSelector selects these labels. None selects nothing, an empty one everything. */
export function selects(selector: JsonObject | undefined, labels: JsonObject): boolean {
  if (selector === undefined) return false;
  for (const [key, value] of Object.entries(child(selector, 'matchLabels') ?? {})) {
    if (labels[key] !== value) return false;
  }
  return children(selector, 'matchExpressions').every((e) => {
    const key = str(e, 'key');
    const value = labels[key];
    const known = typeof value === 'string' && strings(e, 'values').includes(value);
    switch (str(e, 'operator')) {
      case 'In':
        return known;
      case 'NotIn':
        return !known;
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return false;
    }
  });
}
