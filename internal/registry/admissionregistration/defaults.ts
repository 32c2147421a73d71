import { children, defaultTo } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';

// Rules: k8s.io/kubernetes pkg/apis/admissionregistration/v1/defaults.go.

/** A rule is about resources of every scope unless it says otherwise. */
export function defaultRules(rules: readonly JsonObject[]): void {
  for (const rule of rules) defaultTo(rule, 'scope', '*');
}

/** SetDefaults_MatchResources. */
export function defaultMatchResources(match: JsonObject | undefined): void {
  if (match === undefined) return;
  defaultTo(match, 'matchPolicy', 'Equivalent');
  defaultTo(match, 'namespaceSelector', {});
  defaultTo(match, 'objectSelector', {});
  defaultRules(children(match, 'resourceRules'));
  defaultRules(children(match, 'excludeResourceRules'));
}
