import { child, str } from '../../machinery/access.js';
import { aggregateText, errorText } from '../../machinery/field.js';
import { isObject, type JsonObject } from '../../machinery/json.js';
import { internalError } from '../../machinery/status.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, PluginParts } from '../types.js';
import { podView } from './check.js';
import { CHECKS } from './checks/index.js';
import { DEFAULT_CONFIGURATION, podSecurityConfiguration } from './configuration.js';
import { detailsOf, evaluatorOf } from './evaluator.js';
import { type LevelVersion, levelVersionText } from './levels.js';
import { PodSecurityMetrics } from './metrics.js';
import { namespaceCheck } from './namespaces.js';
import { isPrivileged, policyOf, PREFIX } from './policy.js';
import { isSignificantUpdate } from './significant.js';

const evaluate = evaluatorOf(CHECKS);

/** Subresources of pods that bring no pod, or change nothing of what is checked. */
const IGNORED_SUBRESOURCES = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
]);

type TemplateOf = (object: JsonObject) => JsonObject | undefined;
const inSpec: TemplateOf = (object) => child(child(object, 'spec'), 'template');

/** Everything that holds the template of a pod, by group and resource, and where the template is. */
const TEMPLATES: ReadonlyMap<string, TemplateOf> = new Map([
  ['/podtemplates', (object: JsonObject) => child(object, 'template')],
  ['/replicationcontrollers', inSpec],
  ['apps/replicasets', inSpec],
  ['apps/deployments', inSpec],
  ['apps/statefulsets', inSpec],
  ['apps/daemonsets', inSpec],
  ['batch/jobs', inSpec],
  ['batch/cronjobs', (object: JsonObject) => inSpec(child(child(object, 'spec'), 'jobTemplate') ?? {})],
]);

/**
 * Holds pods to the Pod Security Standards that the labels of their namespace ask for (plugin PodSecurity, over
 * pod-security-admission). What creates pods later is only warned about and noted in the audit log. Labels of namespaces
 * must be readable; a stricter level warns about the pods that are there already.
 */
export function podSecurity({ configuration, registry }: PluginParts): AdmissionPlugin {
  const { defaults, exempt } =
    configuration === undefined ? DEFAULT_CONFIGURATION : podSecurityConfiguration(configuration);
  const metrics = new PodSecurityMetrics(registry);
  const isExemptClass = (pod: JsonObject): boolean =>
    exempt.runtimeClasses.has(str(child(pod, 'spec'), 'runtimeClassName'));
  const checkNamespace = namespaceCheck({ defaults, exempt, evaluate, isExemptClass });

  /** Whether nobody is to look; noted as kube-apiserver notes it. */
  const isExempt = (ctx: AdmissionContext, a: AdmissionAttributes): boolean => {
    const why = exempt.namespaces.has(a.namespace) ? 'namespace' : exempt.usernames.has(a.user.username) ? 'user' : '';
    if (why === '') return false;
    metrics.exempted(a);
    ctx.annotate(`${PREFIX}exempt`, why);
    return true;
  };

  const policyIn = (ctx: AdmissionContext) => {
    const namespace = ctx.namespaceObject();
    return namespace && policyOf(child(child(namespace, 'metadata'), 'labels'), defaults);
  };

  /** Refuses where the enforced level forbids the pod and `enforces`; notes and warns. */
  const check = (
    ctx: AdmissionContext,
    a: AdmissionAttributes,
    { policy, errors }: ReturnType<typeof policyOf>,
    pod: JsonObject,
    enforces: boolean,
  ): void => {
    if (isExemptClass(pod)) {
      metrics.exempted(a);
      ctx.annotate(`${PREFIX}exempt`, 'runtimeClass');
      return;
    }
    if (errors.length > 0) {
      ctx.annotate(`${PREFIX}error`, `Failed to parse policy: ${aggregateText(errors.map(errorText))}`);
      metrics.failed(false, a);
    }
    const view = podView(pod);
    const known = new Map<string, string>();
    /** What a level forbids of the pod, in words; '' for nothing. */
    const faults = (level: LevelVersion): string => {
      const text = levelVersionText(level);
      let found = known.get(text);
      if (found === undefined) {
        found = detailsOf(evaluate(level, view));
        known.set(text, found);
      }
      return found;
    };
    const violated = (level: LevelVersion): string =>
      `violate PodSecurity "${levelVersionText(level)}": ${faults(level)}`;
    const { enforce, audit, warn } = policy;
    const refused = enforces && faults(enforce) !== '';
    if (enforces) {
      ctx.annotate(`${PREFIX}enforce-policy`, levelVersionText(enforce));
      metrics.evaluated(refused ? 'deny' : 'allow', enforce, 'enforce', a);
    }
    if (faults(audit) !== '') {
      ctx.annotate(`${PREFIX}audit-violations`, `would ${violated(audit)}`);
      metrics.evaluated('deny', audit, 'audit', a);
    }
    if (refused) {
      throw admissionForbidden(a, `violates PodSecurity "${levelVersionText(enforce)}": ${faults(enforce)}`);
    }
    if (faults(warn) !== '') {
      ctx.warnings.push(`would ${violated(warn)}`);
      metrics.evaluated('deny', warn, 'warn', a);
    }
  };

  const checkPod = (ctx: AdmissionContext, a: AdmissionAttributes): void => {
    if (IGNORED_SUBRESOURCES.has(a.subresource) || isExempt(ctx, a)) return;
    const found = policyIn(ctx);
    if (found === undefined || a.object === undefined) {
      metrics.failed(true, a);
      throw internalError(`failed to lookup namespace "${a.namespace}"`);
    }
    if (found.errors.length === 0 && isPrivileged(found.policy)) {
      metrics.evaluated('allow', found.policy.enforce, 'enforce', a);
      ctx.annotate(`${PREFIX}enforce-policy`, 'privileged:latest');
      return;
    }
    if (a.operation === 'UPDATE' && a.oldObject !== undefined && !isSignificantUpdate(a.object, a.oldObject)) return;
    check(ctx, a, found, a.object, true);
  };

  const checkTemplate = (ctx: AdmissionContext, a: AdmissionAttributes, templateOf: TemplateOf): void => {
    if (a.subresource !== '' || a.object === undefined || isExempt(ctx, a)) return;
    const found = policyIn(ctx);
    if (found === undefined) {
      metrics.failed(true, a);
      ctx.annotate(`${PREFIX}error`, `failed to lookup namespace "${a.namespace}"`);
      return;
    }
    const { policy, errors } = found;
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return;
    const template = templateOf(a.object);
    if (isObject(template)) check(ctx, a, found, template, false);
  };

  return {
    name: 'PodSecurity',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    validate(ctx, a) {
      const { group, resource } = a.def.storage;
      if (group === '' && resource === 'pods') return checkPod(ctx, a);
      if (group === '' && resource === 'namespaces') return checkNamespace(ctx, a);
      const templateOf = TEMPLATES.get(`${group}/${resource}`);
      if (templateOf !== undefined) checkTemplate(ctx, a, templateOf);
    },
  };
}
