import { child, children, defaultString, defaultTo, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { POD_TEMPLATE_SPEC, typedEqual } from '../../schema/typed-equal.js';
import { defaultClaim } from '../core/persistent-volume-claim.js';
import { withGatedTemplate } from '../core/gated-fields.js';
import { defaultPodTemplate } from '../core/pod-template-defaults.js';
import type { Strategy } from '../types.js';
import { firstTemplateGeneration, keepCarried, normalizeRollback, TEMPLATE_GENERATION } from './carried-numbers.js';
import { daemonSetRules } from './daemon-set-rules.js';
import { controllerRevisionRules, deploymentRules, replicaSetRules } from './rules.js';
import { statefulSetRules } from './stateful-set-rules.js';

// Rules: k8s.io/kubernetes pkg/apis/apps/v1/defaults.go.

const deployments: Strategy = {
  ...deploymentRules,
  defaults(d) {
    const spec = ensureChild(d, 'spec');
    defaultPodTemplate(spec);
    defaultTo(spec, 'replicas', 1);
    const strategy = ensureChild(spec, 'strategy');
    defaultString(strategy, 'type', 'RollingUpdate');
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = ensureChild(strategy, 'rollingUpdate');
      defaultTo(rolling, 'maxUnavailable', '25%');
      defaultTo(rolling, 'maxSurge', '25%');
    }
    defaultTo(spec, 'revisionHistoryLimit', 10);
    defaultTo(spec, 'progressDeadlineSeconds', 600);
  },
  prepareForCreate(_ctx, d) {
    d['status'] = {};
    normalizeRollback(d);
  },
  prepareForUpdate: (_ctx, d) => normalizeRollback(d),
  prepareForStatusUpdate: (_ctx, d, old) => keepCarried(d, old),
};

const replicaSets: Strategy = {
  ...replicaSetRules,
  defaults(rs) {
    const spec = ensureChild(rs, 'spec');
    defaultPodTemplate(spec);
    defaultTo(spec, 'replicas', 1);
  },
  prepareForCreate(_ctx, rs) {
    rs['status'] = { replicas: 0 };
  },
};

const daemonSets: Strategy = {
  ...daemonSetRules,
  defaults(ds) {
    const spec = ensureChild(ds, 'spec');
    defaultPodTemplate(spec);
    const strategy = ensureChild(spec, 'updateStrategy');
    defaultString(strategy, 'type', 'RollingUpdate');
    if (strategy['type'] === 'RollingUpdate') {
      const rolling = ensureChild(strategy, 'rollingUpdate');
      defaultTo(rolling, 'maxUnavailable', 1);
      defaultTo(rolling, 'maxSurge', 0);
    }
    defaultTo(spec, 'revisionHistoryLimit', 10);
    defaultString(templateAnnotations(ds), TEMPLATE_GENERATION, '0');
  },
  prepareForCreate(_ctx, ds) {
    ds['status'] = { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 };
    templateAnnotations(ds)[TEMPLATE_GENERATION] = firstTemplateGeneration(ds);
  },
  prepareForUpdate(_ctx, ds, old) {
    const before = Number(str(templateAnnotations(old), TEMPLATE_GENERATION));
    const same = typedEqual(POD_TEMPLATE_SPEC, child(ds, 'spec')?.['template'], child(old, 'spec')?.['template']);
    templateAnnotations(ds)[TEMPLATE_GENERATION] = String(same ? before : before + 1);
  },
  prepareForStatusUpdate: (_ctx, ds, old) => keepCarried(ds, old),
};

/** The deprecated annotation mirrors the internal templateGeneration: it is there from decoding on, and counts changes of the template. */
function templateAnnotations(ds: JsonObject): JsonObject {
  return ensureChild(ensureChild(ds, 'metadata'), 'annotations');
}

/** MaxUnavailableStatefulSet is off: pods are replaced one by one, unless the object that is replaced says otherwise. */
function dropMaxUnavailable(ss: JsonObject, old: JsonObject | undefined): void {
  const rolling = (o: JsonObject | undefined): JsonObject | undefined =>
    child(child(child(o, 'spec'), 'updateStrategy'), 'rollingUpdate');
  if (rolling(old)?.['maxUnavailable'] === undefined) delete rolling(ss)?.['maxUnavailable'];
}

const statefulSets: Strategy = {
  ...statefulSetRules,
  defaults(ss) {
    const spec = ensureChild(ss, 'spec');
    defaultPodTemplate(spec);
    defaultString(spec, 'podManagementPolicy', 'OrderedReady');
    const strategy = ensureChild(spec, 'updateStrategy');
    defaultString(strategy, 'type', 'RollingUpdate');
    if (strategy['type'] === 'RollingUpdate') defaultTo(ensureChild(strategy, 'rollingUpdate'), 'partition', 0);
    const retention = ensureChild(spec, 'persistentVolumeClaimRetentionPolicy');
    defaultString(retention, 'whenDeleted', 'Retain');
    defaultString(retention, 'whenScaled', 'Retain');
    defaultTo(spec, 'replicas', 1);
    defaultTo(spec, 'revisionHistoryLimit', 10);
    for (const claim of children(spec, 'volumeClaimTemplates')) {
      // Whatever the client calls it.
      claim['kind'] = 'PersistentVolumeClaim';
      claim['apiVersion'] = 'v1';
      defaultClaim(claim);
    }
  },
  prepareForCreate(_ctx, ss) {
    dropMaxUnavailable(ss, undefined);
    ss['status'] = { replicas: 0, availableReplicas: 0 };
  },
  prepareForUpdate: (_ctx, ss, old) => dropMaxUnavailable(ss, old),
};

const controllerRevisions: Strategy = { ...controllerRevisionRules };

/** Resources of the apps group by their plural name. */
export const apps: Readonly<Record<string, Strategy>> = {
  controllerrevisions: controllerRevisions,
  daemonsets: withGatedTemplate(daemonSets),
  deployments: withGatedTemplate(deployments),
  replicasets: withGatedTemplate(replicaSets),
  statefulsets: withGatedTemplate(statefulSets),
};
