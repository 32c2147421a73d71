import type { Check, CheckPod, PodView, VersionedCheck, Violation } from './check.js';
import type { LevelVersion } from './levels.js';

/** Finds what of a pod a level forbids, in the order in which kube-apiserver names it. */
export type Evaluator = (policy: LevelVersion, pod: PodView) => Violation[];

const asOf = (check: Check, minor: number): VersionedCheck | undefined =>
  check.versions.findLast((version) => version.since <= minor);

function byId(checks: readonly Check[], level: Check['level']): Check[] {
  return checks.filter((c) => c.level === level).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The checks of one minor release: those of `baseline` alone, and those of `restricted` with what it leaves of them. */
function ofRelease(checks: readonly Check[], minor: number): { baseline: CheckPod[]; restricted: CheckPod[] } {
  const restricted = byId(checks, 'restricted')
    .map((check) => asOf(check, minor))
    .filter((version) => version !== undefined);
  const overridden = new Set(restricted.flatMap((version) => version.overrides ?? []));
  const baseline: CheckPod[] = [];
  const kept: CheckPod[] = [];
  for (const check of byId(checks, 'baseline')) {
    const version = asOf(check, minor);
    if (version === undefined) continue;
    baseline.push(version.check);
    if (!overridden.has(check.id)) kept.push(version.check);
  }
  return { baseline, restricted: [...kept, ...restricted.map((version) => version.check)] };
}

/**
 * What to check at each level and version is decided here once. Versions beyond the newest that changed a check mean
 * that one (pod-security-admission: NewEvaluator).
 */
export function evaluatorOf(checks: readonly Check[]): Evaluator {
  const newest = Math.max(...checks.flatMap((check) => check.versions.map((version) => version.since)));
  const releases = Array.from({ length: newest + 1 }, (_, minor) => ofRelease(checks, minor));
  return ({ level, version }, pod) => {
    if (level === 'privileged') return [];
    const chosen = releases[Math.min(version.minor, newest)]?.[level] ?? [];
    return chosen.map((check) => check(pod)).filter((violation) => violation !== undefined);
  };
}

/** `reason (detail), reason (detail)`: what is wrong with one pod. */
export const detailsOf = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => `${reason} (${detail})`).join(', ');

/** `reason, reason`: the same for all pods with the same faults. */
export const reasonsOf = (violations: readonly Violation[]): string =>
  violations.map(({ reason }) => reason).join(', ');
