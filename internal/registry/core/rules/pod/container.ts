import { children } from '../../../../machinery/access.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { portName } from '../../../../machinery/formats.js';
import { dns1123Label } from '../../../../machinery/names.js';
import type { FieldNode } from '../../../generic/field-node.js';
import { checkPort } from '../ports.js';
import { PROTOCOLS } from '../protocols.js';
import { PULL_POLICIES, requireChoice } from './choices.js';
import { checkEnv, checkEnvFrom } from './env.js';
import { checkLifecycle, checkProbes } from './handlers.js';
import { checkVolumeDevices, checkVolumeMounts, type Volumes } from './mounts.js';
import { checkResizePolicy, checkResourceClaims, checkResourceRequirements, type ResourceRules } from './resources.js';
import { checkContainerSecurityContext } from './security-context.js';

/** What containers depend on in their pod. */
export interface PodParts {
  readonly spec: FieldNode;
  readonly volumes: Volumes;
  readonly claims: ReadonlySet<string>;
  readonly resources: ResourceRules;
  /** The object that is replaced has an init container with a resize policy that is no longer allowed. */
  readonly anyInitResize: boolean;
}

const MESSAGE_POLICIES = ['File', 'FallbackToLogsOnError'];
/** In the order in which kube-apiserver names them. */
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const WHITE_SPACE = 'must not have leading or trailing whitespace';
/** Rules for restarts of one container, and exit codes of one rule. */
const MAX_RESTART_RULES = 20;
const MAX_EXIT_CODES = 255;

function checkPorts(container: FieldNode): void {
  const names = new Set<string>();
  for (const port of container.list('ports')) {
    const name = port.text('name');
    if (name !== '') {
      const messages = portName(name);
      for (const message of messages) port.invalid('name', message);
      if (messages.length === 0 && names.has(name)) port.duplicate('name');
      else names.add(name);
    }
    if ((port.number('containerPort') ?? 0) === 0) port.required('containerPort');
    else checkPort(port, 'containerPort');
    if ((port.number('hostPort') ?? 0) !== 0) checkPort(port, 'hostPort');
    requireChoice(port, 'protocol', PROTOCOLS);
  }
}

/** No two of the containers may ask for one port of the node. */
function checkHostPorts(containers: readonly FieldNode[]): void {
  const taken = new Set<string>();
  for (const container of containers) {
    for (const port of container.list('ports')) {
      const number = port.number('hostPort') ?? 0;
      if (number === 0) continue;
      const key = `${port.text('protocol')}/${port.text('hostIP')}/${number}`;
      if (taken.has(key)) port.duplicate('hostPort', key);
      else taken.add(key);
    }
  }
}

/** What holds for containers of all three kinds. */
function checkCommon(container: FieldNode, pod: PodParts): void {
  container.requireText('name', dns1123Label);
  if (container.text('image') === '') container.required('image');
  requireChoice(container, 'terminationMessagePolicy', MESSAGE_POLICIES);
  checkPorts(container);
  checkEnv(container);
  checkEnvFrom(container);
  checkVolumeMounts(container, pod.volumes);
  checkVolumeDevices(container, pod.volumes);
  requireChoice(container, 'imagePullPolicy', PULL_POLICIES);
  const resources = container.child('resources');
  if (resources !== undefined) {
    checkResourceRequirements(resources, pod.resources);
    checkResourceClaims(resources, pod.claims);
  }
  checkResizePolicy(container, pod.spec.text('restartPolicy'));
  checkContainerSecurityContext(container.child('securityContext'), pod.spec.get('hostUsers') !== false);
}

/** restartPolicy and restartPolicyRules of one container (KEP-5307); those of an init container are looked at only with a policy. */
function checkRestartRules(container: FieldNode, isInit: boolean): void {
  const rules = container.list('restartPolicyRules');
  if (container.has('restartPolicy')) container.requireOneOf('restartPolicy', RESTART_POLICIES);
  else if (rules.length > 0) {
    container.required('restartPolicy', 'must specify restartPolicy when restart rules are used');
    if (isInit) return;
  }
  if (rules.length > MAX_RESTART_RULES) container.tooMany('restartPolicyRules', rules.length, MAX_RESTART_RULES);
  for (const rule of rules) {
    rule.requireOneOf('action', ['Restart', 'RestartAllContainers']);
    const codes = rule.child('exitCodes');
    if (codes === undefined) {
      rule.required('exitCodes', 'must be specified');
      continue;
    }
    codes.requireOneOf('operator', ['In', 'NotIn']);
    const count = codes.count('values');
    if (count > MAX_EXIT_CODES) codes.tooMany('values', count, MAX_EXIT_CODES);
  }
}

function checkUnique(names: Set<string>, container: FieldNode): void {
  const name = container.text('name');
  if (names.has(name)) container.duplicate('name', name);
  else if (name !== '') names.add(name);
}

function checkRegular(pod: PodParts, grace: number | undefined): void {
  const containers = pod.spec.list('containers');
  if (containers.length === 0) {
    pod.spec.required('containers');
    return;
  }
  const names = new Set<string>();
  for (const container of containers) {
    checkCommon(container, pod);
    const name = container.text('name');
    if (names.has(name)) container.duplicate('name', name);
    else names.add(name);
    checkLifecycle(container.child('lifecycle'), grace);
    checkProbes(container, grace);
    checkRestartRules(container, false);
  }
  checkHostPorts(containers);
}

const NO_INIT_RESTART = "must not be set to 'RestartContainer' for non-sidecar initContainers";

/** Whether an init container that ends is to be restarted when its resources change: what stands so may stay. */
export const restartsInitToResize = (spec: JsonObject | undefined): boolean =>
  children(spec, 'initContainers').some(
    (container) =>
      container['restartPolicy'] !== 'Always' &&
      children(container, 'resizePolicy').some((policy) => policy['restartPolicy'] === 'RestartContainer'),
  );

const ONLY_SIDECARS = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'];

function checkInit(pod: PodParts, grace: number | undefined): void {
  if (pod.spec.count('initContainers') === 0) return;
  const names = new Set(pod.spec.list('containers').map((c) => c.text('name')));
  for (const container of pod.spec.list('initContainers')) {
    checkCommon(container, pod);
    checkRestartRules(container, true);
    checkUnique(names, container);
    // Init containers run one by one: each has the ports to itself, and field errors say it were the first.
    checkHostPorts([container.movedTo(`${pod.spec.at('initContainers')}[0]`)]);
    if (container.text('restartPolicy') === 'Always') {
      checkLifecycle(container.child('lifecycle'), grace);
      checkProbes(container, grace);
      continue;
    }
    for (const key of ONLY_SIDECARS) {
      if (container.has(key)) {
        container.forbidden(key, 'may not be set for init containers without restartPolicy=Always');
      }
    }
    if (pod.anyInitResize) continue;
    for (const policy of container.list('resizePolicy')) {
      if (policy.text('restartPolicy') === 'RestartContainer') policy.invalid('restartPolicy', NO_INIT_RESTART);
    }
  }
}

const NOT_EPHEMERAL = 'cannot be set for an Ephemeral Container';
const NEVER_EPHEMERAL = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
];

/** An empty list is set too, resources are a struct. */
const isSet = (node: FieldNode, key: string): boolean =>
  key === 'resources' ? node.count(key) > 0 : node.shown(key) !== undefined;

function checkEphemeral(pod: PodParts): void {
  if (pod.spec.count('ephemeralContainers') === 0) return;
  const others = new Set(
    [...pod.spec.list('containers'), ...pod.spec.list('initContainers')].map((c) => c.text('name')),
  );
  const names = new Set(others);
  for (const container of pod.spec.list('ephemeralContainers')) {
    checkCommon(container, pod);
    checkImageText(container);
    checkUnique(names, container);
    const target = container.text('targetContainerName');
    if (target !== '' && !others.has(target)) {
      container.notFound('targetContainerName');
    }
    for (const key of NEVER_EPHEMERAL) if (isSet(container, key)) container.forbidden(key, NOT_EPHEMERAL);
    for (const mount of container.list('volumeMounts')) {
      for (const key of ['subPath', 'subPathExpr']) if (mount.text(key) !== '') mount.forbidden(key, NOT_EPHEMERAL);
    }
  }
}

/** Pods (not templates) may not have an image with white space around it. */
export function checkImageText(container: FieldNode): void {
  const image = container.text('image');
  if (image !== '' && image.trim() !== image) container.invalid('image', WHITE_SPACE);
}

/** All containers of a pod spec, in kube-apiserver's order. */
export function checkContainers(pod: PodParts): void {
  const grace = pod.spec.number('terminationGracePeriodSeconds');
  checkRegular(pod, grace);
  checkInit(pod, grace);
  checkEphemeral(pod);
}
