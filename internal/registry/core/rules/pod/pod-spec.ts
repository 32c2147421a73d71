import type { FieldError } from '../../../../machinery/field.js';
import { isObject, type JsonObject } from '../../../../machinery/json.js';
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../../../../machinery/names.js';
import { FieldNode } from '../../../generic/field-node.js';
import { annotationErrors, labelErrors } from '../../../generic/object-meta.js';
import { asInGo } from '../../../generic/as-in-go.js';
import { checkAffinity, checkSpreadKeys, checkSpreadSelectors, checkTopologySpread } from './affinity.js';
import { checkPodAnnotations } from './annotations.js';
import { requireChoice } from './choices.js';
import { checkFileKeyVolumes } from './env.js';
import { checkContainers, restartsInitToResize } from './container.js';
import { checkDns, checkHostAliases } from './dns.js';
import { checkOs, checkHostProcess, checkHostUsers } from './pod-os.js';
import { checkPodResources, checkResourceRequirements } from './resources.js';
import { checkPodSecurityContext } from './security-context.js';
import { rangeText } from '../texts.js';
import { checkTolerations } from './tolerations.js';
import { checkVolumes } from './volumes.js';

const MAX_INT32 = 2_147_483_647;

/** How strict the rules are: an object that was stored may keep what was once allowed (PodValidationOptions). */
export interface PodRules {
  readonly isPod: boolean;
  readonly podName: string;
  /** The spec that is replaced, if any. */
  readonly old?: JsonObject | undefined;
  readonly oldAnnotations?: JsonObject | undefined;
}

/** Rules of a pod template that replaces another. */
export const templateRules = (old?: JsonObject): PodRules => ({
  isPod: false,
  podName: '',
  old: isObject(old?.['spec']) ? old['spec'] : undefined,
});

/** Whether rules already failed on the object that is being replaced: then they are not applied again. */
function failed(old: JsonObject | undefined, rules: (spec: FieldNode) => void): boolean {
  if (old === undefined) return false;
  const problems: FieldError[] = [];
  rules(new FieldNode(old, '', problems));
  return problems.length > 0;
}

function checkResourceClaims(spec: FieldNode): Set<string> {
  const names = new Set<string>();
  for (const claim of spec.list('resourceClaims')) {
    const name = claim.text('name');
    if (name === '') claim.required('name');
    else if (names.has(name)) claim.duplicate('name');
    else claim.checkText('name', dns1123Label);
    names.add(name);
    const shown = (): JsonObject => asInGo(claim.value, 'core.v1.PodResourceClaim');
    const given = ['resourceClaimName', 'resourceClaimTemplateName'].filter((key) => claim.has(key));
    if (given.length > 1) {
      const text = 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified';
      claim.invalid('', text, shown());
    } else if (given.length === 0) {
      claim.invalid('', 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`', shown());
    }
    for (const key of given) claim.checkText(key, dns1123Subdomain);
  }
  return names;
}

/** In the host's network, the port of the container is the port of the node. */
function checkHostNetwork(spec: FieldNode, isPod: boolean): void {
  if (!spec.flag('hostNetwork')) return;
  for (const container of spec.list('containers')) {
    for (const port of container.list('ports')) {
      const hostPort = port.number('hostPort') ?? 0;
      if (hostPort !== (port.number('containerPort') ?? 0) && (isPod || hostPort !== 0)) {
        port.invalid('hostPort', 'must match `containerPort` when `hostNetwork` is true', hostPort);
      }
    }
  }
}

function checkGates(spec: FieldNode): void {
  for (const gate of spec.list('readinessGates')) gate.checkText('conditionType', qualifiedName);
  const seen = new Set<string>();
  for (const gate of spec.list('schedulingGates')) {
    const name = gate.text('name');
    for (const message of qualifiedName(name)) gate.invalid('', message, name);
    if (seen.has(name)) gate.duplicate('', name);
    seen.add(name);
  }
}

/** Bytes of a host name, a limit of the kernel. */
const MAX_HOST_NAME = 64;

function checkNames(spec: FieldNode): void {
  if (spec.has('hostnameOverride')) checkHostNameOverride(spec);
  if (spec.text('serviceAccountName') !== '') spec.checkText('serviceAccountName', dns1123Subdomain);
  if (spec.text('nodeName') !== '') spec.checkText('nodeName', dns1123Subdomain);
  const deadline = spec.number('activeDeadlineSeconds');
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    spec.invalid('activeDeadlineSeconds', rangeText(1, MAX_INT32));
  }
  if (spec.text('hostname') !== '') spec.checkText('hostname', dns1123Label);
  if (spec.text('subdomain') !== '') spec.checkText('subdomain', dns1123Label);
}

function checkHostNameOverride(spec: FieldNode): void {
  for (const key of ['setHostnameAsFQDN', 'hostNetwork']) {
    if (spec.flag(key)) spec.forbidden('hostnameOverride', `may not be specified when ${key} is true`);
  }
  if (spec.text('hostnameOverride').length > MAX_HOST_NAME) spec.tooLong('hostnameOverride', MAX_HOST_NAME);
  spec.checkText('hostnameOverride', dns1123Subdomain);
}

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];

/** A pod spec wherever it is (ValidatePodSpec). */
export function checkPodSpec(spec: FieldNode, rules: PodRules): void {
  const { old } = rules;
  if (!spec.has('terminationGracePeriodSeconds')) spec.required('terminationGracePeriodSeconds');
  const volumes = checkVolumes(spec, {
    podName: rules.podName,
    isPod: rules.isPod,
    anyTokenPath: failed(old, (o) => checkVolumes(o, { podName: '', isPod: false, anyTokenPath: false })),
  });
  const claims = checkResourceClaims(spec);
  checkContainers({ spec, volumes, claims, resources: {}, anyInitResize: restartsInitToResize(old) });
  checkPodResources(spec, claims);
  checkHostNetwork(spec, rules.isPod);
  requireChoice(spec, 'restartPolicy', RESTART_POLICIES);
  requireChoice(spec, 'dnsPolicy', DNS_POLICIES);
  if (spec.has('nodeSelector')) spec.add(...labelErrors(spec.get('nodeSelector'), spec.at('nodeSelector')));
  checkPodSecurityContext(spec, old);
  if (spec.has('affinity')) {
    const lenient = { anySelectorValue: true, anyNodeValue: true };
    const strict = { anySelectorValue: false, anyNodeValue: false };
    checkAffinity(spec, failed(old, (o) => checkAffinity(o, strict)) ? lenient : strict);
  }
  checkDns(spec, old);
  checkGates(spec);
  if (spec.has('topologySpreadConstraints')) {
    checkTopologySpread(
      spec,
      failed(old, (o) => checkSpreadSelectors(o)),
      failed(old, (o) => checkSpreadKeys(o)),
    );
  }
  checkHostProcess(spec);
  checkHostUsers(spec);
  checkNames(spec);
  checkTolerations(spec);
  checkHostAliases(spec, old);
  if (spec.text('priorityClassName') !== '') spec.checkText('priorityClassName', dns1123Subdomain);
  if (spec.has('runtimeClassName')) spec.checkText('runtimeClassName', dns1123Subdomain);
  if (spec.shown('preemptionPolicy') !== undefined)
    requireChoice(spec, 'preemptionPolicy', ['PreemptLowerPriority', 'Never']);
  const overhead = spec.get('overhead');
  if (isObject(overhead))
    checkResourceRequirements(new FieldNode({ limits: overhead }, spec.at('overhead'), spec.problems));
  checkOs(spec);
  checkFileKeyVolumes(spec);
}

/** A pod template; its labels and annotations are named without `metadata`, as in kube-apiserver (ValidatePodTemplateSpec). */
export function checkPodTemplate(template: FieldNode, rules: PodRules): void {
  const meta = template.struct('metadata');
  template.add(...labelErrors(meta.get('labels'), template.at('labels')));
  template.add(...annotationErrors(meta.get('annotations'), template.at('annotations')));
  const spec = template.struct('spec');
  checkPodAnnotations(meta.movedTo(template.path), spec, rules.oldAnnotations);
  checkPodSpec(spec, rules);
  if (spec.count('ephemeralContainers') > 0) {
    spec.forbidden('ephemeralContainers', 'ephemeral containers not allowed in pod template');
  }
}
