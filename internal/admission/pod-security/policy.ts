import { type FieldError, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import {
  compareLevels,
  LATEST,
  type Level,
  LEVEL_RULE,
  type LevelVersion,
  parseLevel,
  parseVersion,
  sameLevelVersion,
  type Version,
  VERSION_RULE,
} from './levels.js';

/** Before every label of a namespace and every audit annotation of this plugin. */
export const PREFIX = 'pod-security.kubernetes.io/';

export type Mode = 'enforce' | 'audit' | 'warn';

/** What holds in a namespace: what is refused, what is noted in the audit log, and what the client is warned about. */
export type Policy = Readonly<Record<Mode, LevelVersion>>;

const PRIVILEGED: LevelVersion = { level: 'privileged', version: LATEST };
/** Everything is allowed: what holds where neither a label nor the configuration says anything. */
export const PRIVILEGED_POLICY: Policy = { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED };

export const isPrivileged = (policy: Policy): boolean =>
  policy.enforce.level === 'privileged' && policy.audit.level === 'privileged' && policy.warn.level === 'privileged';

const equivalentModes = (a: LevelVersion, b: LevelVersion): boolean =>
  (a.level === 'privileged' && b.level === 'privileged') || sameLevelVersion(a, b);

/** Whether two policies mean the same: versions of `privileged` do not count. */
export const equivalent = (a: Policy, b: Policy): boolean =>
  equivalentModes(a.enforce, b.enforce) && equivalentModes(a.audit, b.audit) && equivalentModes(a.warn, b.warn);

/** The text of a label; undefined where the namespace does not have it. */
export function labelOf(labels: JsonObject | undefined, name: string): string | undefined {
  const value = labels?.[PREFIX + name];
  return typeof value === 'string' ? value : undefined;
}

/**
 * The policy that the labels of a namespace ask for, `defaults` where they say nothing, and what is wrong with them
 * (pod-security-admission: PolicyToEvaluate). There is always a policy: a level that cannot be read enforces `restricted`,
 * but neither warns nor is noted; a version that cannot be read is `latest`. Warnings follow a stricter enforced level
 * unless a label says otherwise.
 */
export function policyOf(labels: JsonObject | undefined, defaults: Policy): { policy: Policy; errors: FieldError[] } {
  if (labels === undefined) return { policy: defaults, errors: [] };
  const errors: FieldError[] = [];
  const wrong = (name: string, value: string, rule: string): void => {
    errors.push(invalidValue(`metadata.labels[${PREFIX}${name}]`, value, rule));
  };
  const levelOf = (name: Mode, fallback: Level, unreadable: Level): Level => {
    const text = labelOf(labels, name);
    if (text === undefined) return fallback;
    const level = parseLevel(text);
    if (level === undefined) wrong(name, text, LEVEL_RULE);
    return level ?? unreadable;
  };
  const versionOf = (name: string, fallback: Version): Version => {
    const text = labelOf(labels, name);
    if (text === undefined) return fallback;
    const version = parseVersion(text);
    if (version === undefined) wrong(name, text, VERSION_RULE);
    return version ?? LATEST;
  };
  const mode = (name: Mode, unreadable: Level): LevelVersion => ({
    level: levelOf(name, defaults[name].level, unreadable),
    version: versionOf(`${name}-version`, defaults[name].version),
  });
  const enforce = mode('enforce', 'restricted');
  const audit = mode('audit', 'privileged');
  let warn = mode('warn', 'privileged');
  const enforced = labelOf(labels, 'enforce');
  if (
    labelOf(labels, 'warn') === undefined &&
    enforced !== undefined &&
    parseLevel(enforced) !== undefined &&
    compareLevels(enforce.level, warn.level) > 0
  ) {
    const version = labelOf(labels, 'warn-version') === undefined ? enforce.version : warn.version;
    warn = { level: enforce.level, version };
  }
  return { policy: { enforce, audit, warn }, errors };
}
