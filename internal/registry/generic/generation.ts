import { semanticEqual } from '../../machinery/equal.js';
import { type JsonObject, isObject } from '../../machinery/json.js';
import { membersEqual } from '../../schema/typed-equal.js';
import type { GenerationRule, Strategy } from '../types.js';

const EVERY_FIELD: GenerationRule = {};
const SPEC: GenerationRule = { of: ['spec'] };

/** The rule by which a resource counts its generations; undefined when it has none. */
export function generationRule(strategy: Strategy, hasSpec: boolean): GenerationRule | undefined {
  if (strategy.generation === false) return undefined;
  if (typeof strategy.generation === 'object') return strategy.generation;
  if (strategy.generation === true) return hasSpec ? SPEC : EVERY_FIELD;
  return hasSpec ? SPEC : undefined;
}

/**
 * Whether an update changes what its author wants (apimachinery's "generation" contract: desired state only). `typeName` is
 * the type of both; '' for custom resources.
 */
export function changesIntent(rule: GenerationRule, obj: JsonObject, old: JsonObject, typeName: string): boolean {
  const isSame = (field: string): boolean => membersEqual(typeName, obj, old, field, rule.emptiness === true);
  if (rule.of !== undefined) {
    for (const field of rule.of) if (!isSame(field)) return true;
  } else {
    for (const field of new Set([...Object.keys(obj), ...Object.keys(old)])) {
      if (field === 'metadata' || field === 'kind' || field === 'apiVersion') continue;
      if (field === 'status' && rule.status !== true) continue;
      if (!isSame(field)) return true;
    }
  }
  const meta = isObject(obj['metadata']) ? obj['metadata'] : {};
  const oldMeta = isObject(old['metadata']) ? old['metadata'] : {};
  if (rule.labels === true && !semanticEqual(meta['labels'], oldMeta['labels'])) return true;
  return rule.annotations === true && !semanticEqual(meta['annotations'], oldMeta['annotations']);
}
