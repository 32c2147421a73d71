import { child, str } from '../../machinery/access.js';
import { errorText, invalid } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { append } from '../../machinery/append.js';
import { quote } from '../../machinery/status.js';
import type { AdmissionAttributes, AdmissionContext } from '../types.js';
import type { PodSecurityConfiguration } from './configuration.js';
import type { Evaluator } from './evaluator.js';
import { compareLevels, levelVersionText, sameLevelVersion } from './levels.js';
import { podsInNamespace } from './pods-in-namespace.js';
import { equivalent, isPrivileged, labelOf, type Mode, type Policy, policyOf } from './policy.js';

const NAMESPACE = { group: '', kind: 'Namespace' };
const MODES: readonly Mode[] = ['enforce', 'audit', 'warn'];

export interface NamespaceCheckParts extends PodSecurityConfiguration {
  readonly evaluate: Evaluator;
  readonly isExemptClass: (pod: JsonObject) => boolean;
}

const labelsOf = (namespace: JsonObject | undefined): JsonObject | undefined =>
  child(child(namespace, 'metadata'), 'labels');

/** Labels that ask for something in a namespace where nobody looks at them. */
function exemptWarning(name: string, policy: Policy, labels: JsonObject | undefined, defaults: Policy): string[] {
  if (isPrivileged(policy) || equivalent(policy, defaults)) return [];
  const asked = MODES.filter(
    (mode) =>
      policy[mode].level !== 'privileged' &&
      (labelOf(labels, mode) !== undefined || labelOf(labels, `${mode}-version`) !== undefined),
  );
  const text = asked.map((mode) => `${mode}=${levelVersionText(policy[mode])}`).join(', ');
  return [`namespace ${quote(name)} is exempt from Pod Security, and the policy (${text}) will be ignored`];
}

/** Whether pods that are there already may break what is new (and only then they are looked at). */
function isStricter(policy: Policy, before: Policy): boolean {
  const [now, old] = [policy.enforce, before.enforce];
  if (sameLevelVersion(now, old) || now.level === 'privileged') return false;
  return now.version.text !== old.version.text || compareLevels(now.level, old.level) > 0;
}

/**
 * Checks a namespace that is made or changed: its labels must be readable, though an update may keep what could not be
 * read before; a stricter enforced level warns about the pods that are there. 422 Invalid.
 */
export function namespaceCheck({ defaults, exempt, evaluate, isExemptClass }: NamespaceCheckParts) {
  return (ctx: AdmissionContext, a: AdmissionAttributes): void | Promise<void> => {
    if (a.subresource !== '' || a.object === undefined) return;
    const labels = labelsOf(a.object);
    const name = str(child(a.object, 'metadata'), 'name');
    const { policy, errors } = policyOf(labels, defaults);
    const warnExempt = (): void => append(ctx.warnings, exemptWarning(name, policy, labels, defaults));
    if (a.operation === 'CREATE') {
      if (errors.length > 0) throw invalid(NAMESPACE, name, errors);
      if (exempt.namespaces.has(name)) warnExempt();
      return;
    }
    const old = policyOf(labelsOf(a.oldObject), defaults);
    if (errors.length > 0 && errors.map(errorText).join() !== old.errors.map(errorText).join()) {
      throw invalid(NAMESPACE, name, errors);
    }
    if (!isStricter(policy, old.policy)) return;
    if (exempt.namespaces.has(name)) {
      warnExempt();
      return;
    }
    return podsInNamespace(ctx.reader, name, policy.enforce, { evaluate, isExempt: isExemptClass }).then((warnings) => {
      append(ctx.warnings, warnings);
    });
  };
}
