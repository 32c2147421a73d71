import { child, str } from '../../../../machinery/access.js';
import { type FieldError, internalField, invalidValue } from '../../../../machinery/field.js';
import { legacyIP, sloppyIP } from '../../../../machinery/formats.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { dns1123Label, dns1123Subdomain, qualifiedName } from '../../../../machinery/names.js';
import { FieldNode } from '../../../generic/field-node.js';
import { checkPodAnnotationUpdates } from './annotations.js';
import { checkContainerStatuses } from './container-status.js';

/** Whether the container's own rules are about this exit code, and what the first of them does (FindMatchingContainerRestartRule). */
function ruleAction(container: FieldNode, exitCode: number): string | undefined {
  for (const rule of container.list('restartPolicyRules')) {
    const codes = rule.child('exitCodes');
    if (codes === undefined) continue;
    const values = codes.get('values');
    const named = Array.isArray(values) && values.some((v) => Number(v) === exitCode);
    const operator = codes.text('operator');
    if ((operator === 'In' && named) || (operator === 'NotIn' && !named)) return rule.text('action');
  }
  return undefined;
}

const mayRestart = (policy: string, exitCode: number): boolean =>
  policy === 'OnFailure' ? exitCode !== 0 : policy !== 'Never';

/** Whether a container runs again after it ended with this code: its rules, its policy, the pod's (ContainerShouldRestart). */
function restarts(container: FieldNode, spec: FieldNode, exitCode: number): boolean {
  const own = container.text('restartPolicy');
  if (!container.has('restartPolicy')) return mayRestart(spec.text('restartPolicy'), exitCode);
  const action = ruleAction(container, exitCode);
  if (action === 'Restart' || action === RESTART_ALL) return true;
  return mayRestart(own, exitCode);
}

const RESTART_ALL = 'RestartAllContainers';

/** A container that has terminated for good may not be said to run again (ValidateContainerStateTransition). */
function checkTransitions(
  status: FieldNode,
  before: FieldNode,
  key: string,
  again: (name: string, exitCode: number) => boolean,
): void {
  for (const [i, old] of before.list(key).entries()) {
    const ended = old.child('state')?.child('terminated');
    if (ended === undefined) continue;
    const name = old.text('name');
    const running = status
      .list(key)
      .some((now) => now.text('name') === name && now.child('state')?.child('terminated') === undefined);
    if (running && !again(name, ended.number('exitCode') ?? 0)) {
      status.forbidden(`${key}[${i}].state`, 'may not be transitioned to non-terminated state');
    }
  }
}

function checkAllTransitions(status: FieldNode, before: FieldNode, spec: FieldNode): void {
  const containers = [...spec.list('initContainers'), ...spec.list('containers')];
  const all = containers.some((c) => c.list('restartPolicyRules').some((rule) => rule.text('action') === RESTART_ALL));
  if (!all) {
    for (const [key, kind] of [
      ['containerStatuses', 'containers'],
      ['initContainerStatuses', 'initContainers'],
    ] as const) {
      checkTransitions(status, before, key, (name, exitCode) => {
        const container = spec.list(kind).find((c) => c.text('name') === name);
        return container !== undefined && restarts(container, spec, exitCode);
      });
    }
  }
  checkTransitions(status, before, 'ephemeralContainerStatuses', () => false);
}

const ONE_PER_FAMILY = 'may specify no more than one IP for each IP family';

function checkIPs(status: FieldNode, key: 'podIPs' | 'hostIPs', before: FieldNode): void {
  const ips = status.list(key).map((entry) => entry.text('ip'));
  if (ips.length === 0) return;
  if (key === 'hostIPs' && status.text('hostIP') !== ips[0]) {
    status.add(invalidValue(`${status.at(key)}[0].ip`, ips[0], 'must be equal to `hostIP`'));
  }
  const known = new Set(before.list(key).map((entry) => entry.text('ip')));
  for (const [i, ip] of ips.entries()) {
    if (known.has(ip)) continue;
    for (const message of legacyIP(ip)) status.add(invalidValue(`${status.at(key)}[${i}]`, ip, message));
  }
  if (ips.length === 1) return;
  const families = ips.map((ip) => sloppyIP(ip)?.family);
  const unread = families.indexOf(undefined);
  if (unread >= 0) {
    const why = `failed to check for dual stack with error:invalid IP[${unread}]: ${ips[unread]}`;
    status.add(internalField(status.at(key), why));
  }
  if (unread >= 0 || new Set(families).size < 2 || ips.length > 2) {
    status.invalid(
      key,
      ONE_PER_FAMILY,
      ips.map((ip) => ({ IP: ip })),
    );
  }
}

const SYSTEM_CONDITIONS = new Set(['PodScheduled', 'Ready', 'Initialized']);

function checkClaimStatuses(status: FieldNode, spec: FieldNode): void {
  const claims = new Set(spec.list('resourceClaims').map((c) => c.text('name')));
  const seen = new Set<string>();
  for (const entry of status.list('resourceClaimStatuses')) {
    const name = entry.text('name');
    if (!claims.has(name)) entry.invalid('name', 'must match the name of an entry in `spec.resourceClaims`', name);
    if (seen.has(name)) entry.duplicate('name', name);
    seen.add(name);
    if (!entry.has('resourceClaimName')) continue;
    const claim = entry.text('resourceClaimName');
    for (const message of dns1123Subdomain(claim)) entry.invalid('resourceClaimName', message, claim);
  }
}

const OF_NO_CONTAINER = 'must match the name of an entry in spec.initContainers.name or spec.containers.name';
const NOT_REQUESTED =
  'must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests';

/** The claim that the scheduler made for extended resources (validatePodExtendedResourceClaimStatus). */
function checkExtendedClaim(claim: FieldNode | undefined, spec: FieldNode): void {
  if (claim === undefined) return;
  const containers = new Map(
    [...spec.list('initContainers'), ...spec.list('containers')].map((c) => [c.text('name'), c] as const),
  );
  if (claim.count('requestMappings') === 0) {
    claim.required('requestMappings', 'at least one request mapping is required');
  }
  const seen = new Set<string>();
  for (const mapping of claim.list('requestMappings')) {
    const container = containers.get(mapping.text('containerName'));
    if (container === undefined) mapping.invalid('containerName', OF_NO_CONTAINER, mapping.text('containerName'));
    else if (!container.struct('resources').struct('requests').has(mapping.text('resourceName'))) {
      mapping.invalid('resourceName', NOT_REQUESTED, mapping.text('resourceName'));
    }
    // Field errors leave out which mapping it is.
    claim.checkText('requestName', dns1123Label, mapping.text('requestName'));
    const keys = ['containerName', 'resourceName', 'requestName'] as const;
    const id = JSON.stringify(keys.map((key) => mapping.text(key)));
    if (seen.has(id)) for (const key of keys) mapping.duplicate(key, mapping.text(key));
    seen.add(id);
  }
  claim.requireText('resourceClaimName', dns1123Subdomain);
}

const NEGATIVE = 'must be a non-negative integer';

function checkConditions(status: FieldNode): void {
  for (const condition of status.list('conditions')) {
    const observed = condition.number('observedGeneration') ?? 0;
    if (observed < 0) condition.invalid('observedGeneration', NEGATIVE, observed);
    const type = condition.text('type');
    if (!SYSTEM_CONDITIONS.has(type)) condition.checkText('Type', qualifiedName, type);
  }
}

function checkNominated(status: FieldNode, before: FieldNode, bound: boolean): void {
  const nominated = status.text('nominatedNodeName');
  if (nominated === '' || nominated === before.text('nominatedNodeName')) return;
  status.checkText('nominatedNodeName', dns1123Subdomain);
  if (bound) status.forbidden('nominatedNodeName', 'may not be set on pods that are already bound to a node');
}

/** Field errors of a pod's new status (ValidatePodStatusUpdate). */
export function podStatusErrors(pod: JsonObject, old: JsonObject): FieldError[] {
  const root = new FieldNode(pod);
  const meta = root.struct('metadata');
  const spec = root.struct('spec');
  const status = root.struct('status');
  const before = new FieldNode(old).struct('status');
  const node = str(child(old, 'spec'), 'nodeName');
  checkPodAnnotationUpdates(meta, spec, child(old, 'metadata'));
  checkConditions(status);
  if (spec.text('nodeName') !== node) status.forbidden('nodeName', 'may not be changed directly');
  checkNominated(status, before, node !== '');
  const observed = status.number('observedGeneration') ?? 0;
  if (observed < 0) status.invalid('observedGeneration', NEGATIVE, observed);
  status.immutable('qosClass', before.value, status.text('qosClass'));
  checkAllTransitions(status, before, spec);
  checkClaimStatuses(status, spec);
  checkExtendedClaim(status.child('extendedResourceClaimStatus'), spec);
  checkIPs(status, 'podIPs', before);
  checkIPs(status, 'hostIPs', before);
  checkContainerStatuses(status, spec);
  return root.problems;
}
