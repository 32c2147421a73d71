import { child, children, str, strings } from './access.js';
import type { JsonObject } from './json.js';
import { EVERYTHING, type LabelOperator, type LabelRequirement, type LabelSelector } from './labels.js';

const OPERATORS: Readonly<Record<string, LabelOperator>> = {
  In: 'in',
  NotIn: 'notin',
  Exists: 'exists',
  DoesNotExist: '!',
};

/**
 * A metav1.LabelSelector as requirements (apimachinery's LabelSelectorAsSelector). One that is absent selects nothing:
 * undefined. It has passed validation; what has no meaning all the same holds for no object.
 */
export function labelSelectorOf(selector: JsonObject | undefined): LabelSelector | undefined {
  if (selector === undefined) return undefined;
  const requirements: LabelRequirement[] = [];
  for (const [key, value] of Object.entries(child(selector, 'matchLabels') ?? {})) {
    requirements.push({ key, operator: '=', values: [typeof value === 'string' ? value : ''] });
  }
  for (const e of children(selector, 'matchExpressions')) {
    const operator = OPERATORS[str(e, 'operator')];
    const values = [...new Set(strings(e, 'values'))].sort();
    requirements.push({ key: str(e, 'key'), operator: operator ?? 'in', values: operator === undefined ? [] : values });
  }
  return requirements.length === 0 ? EVERYTHING : requirements;
}
