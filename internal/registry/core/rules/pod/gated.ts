import { child } from '../../../../machinery/access.js';
import { semanticEqual } from '../../../../machinery/equal.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { asInGo } from '../../../generic/as-in-go.js';
import { FieldNode } from '../../../generic/field-node.js';

// While gates hold a pod back, what says where it may run can become narrower.

/** More labels may be asked of the node, none may change. */
export function checkSelectorGrows(spec: FieldNode, before: JsonObject): void {
  const now = child(spec.value, 'nodeSelector') ?? {};
  for (const [key, value] of Object.entries(child(before, 'nodeSelector') ?? {})) {
    if (now[key] === value) continue;
    spec.invalid('nodeSelector', 'only additions to spec.nodeSelector are allowed (no mutations or deletions)', now);
    return;
  }
}

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const LISTS = ['matchExpressions', 'matchFields'] as const;

const TERM = 'io.k8s.api.core.v1.NodeSelectorTerm';

const termsOf = (spec: JsonObject): JsonObject[] | undefined => {
  const required = child(child(child(spec, 'affinity'), 'nodeAffinity'), REQUIRED);
  return required === undefined ? undefined : new FieldNode(required).list('nodeSelectorTerms').map((t) => t.value);
};

/** Each term of the required node affinity may ask for more: terms are alternatives, so none may come or go. */
export function checkNodeAffinityGrows(spec: FieldNode, before: JsonObject): void {
  const old = termsOf(before);
  if (old === undefined) return;
  const required = spec.struct('affinity').struct('nodeAffinity').struct(REQUIRED);
  const after = termsOf(spec.value);
  const now = after ?? [];
  // Without a term nothing was selected: then any may come.
  if (old.length === 0) return;
  if (now.length !== old.length) {
    const text = 'no additions/deletions to non-empty NodeSelectorTerms list are allowed';
    required.invalid('nodeSelectorTerms', text, after?.map((term) => asInGo(term, TERM)) ?? null);
    return;
  }
  for (const [i, term] of old.entries()) {
    const was = new FieldNode(term);
    const next = new FieldNode(now[i] ?? {}, `${required.at('nodeSelectorTerms')}[${i}]`, spec.problems);
    // A term that matches nothing may not begin to match.
    const empty = LISTS.every((key) => was.count(key) === 0);
    const kept = LISTS.every((key) => {
      const list = next.list(key);
      return was.list(key).every((requirement, at) => semanticEqual(requirement.value, list[at]?.value));
    });
    if ((empty && !semanticEqual(term, next.value)) || !kept) {
      next.invalid('', 'only additions are allowed (no mutations or deletions)', asInGo(next.value, TERM));
    }
  }
}
