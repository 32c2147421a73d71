import type { PolicyRule } from './rbac.js';

/** What a rule says about one verb on one thing. */
type Single = PolicyRule;

const NONE: Single = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };

/** The rights of `wanted` that `held` does not cover, each about one verb on one thing (rbac validation.Covers). */
export function missingRights(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): Single[] {
  return wanted.flatMap(singles).filter((single) => !held.some((rule) => covers(rule, single)));
}

function singles(rule: PolicyRule): Single[] {
  const out: Single[] = [];
  for (const group of rule.apiGroups) {
    for (const resource of rule.resources) {
      for (const verb of rule.verbs) {
        const one = { ...NONE, apiGroups: [group], resources: [resource], verbs: [verb] };
        if (rule.resourceNames.length === 0) out.push(one);
        else for (const name of rule.resourceNames) out.push({ ...one, resourceNames: [name] });
      }
    }
  }
  for (const verb of rule.verbs) {
    for (const url of rule.nonResourceURLs) out.push({ ...NONE, verbs: [verb], nonResourceURLs: [url] });
  }
  return out;
}

const hasAll = (list: readonly string[], wanted: readonly string[]): boolean => wanted.every((w) => list.includes(w));
const orAll = (list: readonly string[], wanted: readonly string[]): boolean =>
  list.includes('*') || hasAll(list, wanted);

function covers(rule: PolicyRule, single: Single): boolean {
  return (
    orAll(rule.verbs, single.verbs) &&
    orAll(rule.apiGroups, single.apiGroups) &&
    (orAll(rule.resources, single.resources) || single.resources.every((r) => coversSubresource(rule.resources, r))) &&
    (rule.resourceNames.length === 0 ||
      (single.resourceNames.length > 0 && hasAll(rule.resourceNames, single.resourceNames))) &&
    single.nonResourceURLs.every((url) => rule.nonResourceURLs.some((own) => coversUrl(own, url)))
  );
}

/** A rule may give a subresource of everything. */
function coversSubresource(list: readonly string[], resource: string): boolean {
  const slash = resource.indexOf('/');
  return list.includes(resource) || (slash >= 0 && list.includes(`*${resource.slice(slash)}`));
}

function coversUrl(own: string, url: string): boolean {
  return own === url || (own.endsWith('*') && url.startsWith(own.replace(/\*+$/, '')));
}

/** Rights as the reference tells them: one line for all verbs on one thing, in the order of the lines' text. */
export function describeRights(rights: readonly Single[]): string {
  const merged = new Map<string, string[]>();
  const rest: string[] = [];
  for (const right of rights) {
    if (right.nonResourceURLs.length > 0) {
      rest.push(text(right, right.verbs));
      continue;
    }
    const key = JSON.stringify([right.apiGroups, right.resources, right.resourceNames]);
    const verbs = merged.get(key);
    if (verbs === undefined) merged.set(key, [...right.verbs]);
    else verbs.push(...right.verbs);
  }
  for (const [key, verbs] of merged) {
    const [apiGroups, resources, resourceNames] = JSON.parse(key) as [string[], string[], string[]];
    rest.push(text({ ...NONE, apiGroups, resources, resourceNames }, verbs));
  }
  return [...new Set(rest)].toSorted().join('\n');
}

/** Go's %q of a list of strings. */
export function quotedList(list: readonly string[]): string {
  return `[${list.map((s) => JSON.stringify(s)).join(' ')}]`;
}

function text(rule: PolicyRule, verbs: readonly string[]): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', verbs],
  ] as const;
  return `{${parts.flatMap(([name, list]) => (list.length === 0 ? [] : [`${name}:${quotedList(list)}`])).join(', ')}}`;
}
