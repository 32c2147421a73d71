import { duplicate, fieldNotFound, invalidValue } from '../../../machinery/field.js';
import { dns1123Label } from '../../../machinery/names.js';
import { compareQuantity, parseQuantity, QuantityError } from '../../../machinery/quantity.js';
import type { FieldNode } from '../../generic/field-node.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation (validateContainers, validateProbe, ValidateEnv ...).

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const SCHEMES = ['HTTP', 'HTTPS'];
const PORT_RANGE = 'must be between 1 and 65535, inclusive';
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const FIELD_PATHS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

/** Complaints when the member is no port number. */
export function checkPort(owner: FieldNode, key: string): void {
  const v = owner.number(key) ?? 0;
  if (!Number.isInteger(v) || v < 1 || v > 65_535) owner.invalid(key, PORT_RANGE, v);
}

/** A port by number or by the name of a container port. */
export function checkPortOrName(owner: FieldNode, key: string): void {
  const v = owner.get(key);
  if (typeof v !== 'string') {
    checkPort(owner, key);
    return;
  }
  if (v.length > 15) owner.invalid(key, 'must be no more than 15 characters', v);
  else if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(v)) {
    owner.invalid(key, 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)', v);
  } else if (!/[a-z]/.test(v)) owner.invalid(key, 'must contain at least one letter (a-z)', v);
}

function checkEnv(container: FieldNode): void {
  for (const env of container.list('env')) {
    env.requireText('name');
    const from = env.child('valueFrom');
    if (from === undefined) continue;
    const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'].filter((k) =>
      from.has(k),
    );
    if (sources.length === 0) {
      env.invalid(
        'valueFrom',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
        '',
      );
    } else if (env.text('value') !== '') env.invalid('valueFrom', 'may not be specified when `value` is not empty', '');
    else if (sources.length > 1) env.invalid('valueFrom', 'may not have more than one field specified at a time', '');
    const field = from.child('fieldRef');
    if (field !== undefined) {
      const path = field.text('fieldPath');
      field.requireText('apiVersion');
      if (path === '') field.required('fieldPath');
      else if (!FIELD_PATHS.includes(path) && !/^metadata\.(labels|annotations)\['.+'\]$/.test(path)) {
        field.unsupported('fieldPath', FIELD_PATHS);
      }
    }
    const resource = from.child('resourceFieldRef');
    if (resource !== undefined) {
      const name = resource.text('resource');
      if (name === '') resource.required('resource');
      else if (!RESOURCES.includes(name) && !/^(limits|requests)\.hugepages-/.test(name))
        resource.unsupported('resource', RESOURCES);
    }
    for (const kind of ['configMapKeyRef', 'secretKeyRef']) {
      const ref = from.child(kind);
      if (ref === undefined) continue;
      ref.requireText('key');
    }
  }
  for (const source of container.list('envFrom')) {
    const given = ['configMapRef', 'secretRef'].filter((k) => source.has(k));
    if (given.length === 0) source.invalid('', 'must specify one of: `configMapRef` or `secretRef`', '');
    else if (given.length > 1) source.invalid('', 'may not have more than one field specified at a time', '');
  }
}

function checkHandler(holder: FieldNode): void {
  const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'].filter((k) => holder.has(k));
  if (handlers.length === 0) holder.required('', 'must specify a handler type');
  for (const extra of handlers.slice(1)) holder.forbidden(extra, 'may not specify more than 1 handler type');
  const exec = holder.child('exec');
  if (exec !== undefined && exec.count('command') === 0) exec.required('command');
  const get = holder.child('httpGet');
  if (get !== undefined) {
    get.requireText('path');
    checkPortOrName(get, 'port');
    get.requireOneOf('scheme', SCHEMES);
    for (const header of get.list('httpHeaders')) header.requireText('name');
  }
  const tcp = holder.child('tcpSocket');
  if (tcp !== undefined) checkPortOrName(tcp, 'port');
  const grpc = holder.child('grpc');
  if (grpc !== undefined) checkPort(grpc, 'port');
}

function checkProbes(container: FieldNode): void {
  for (const kind of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    const probe = container.child(kind);
    if (probe === undefined) continue;
    checkHandler(probe);
    for (const n of [
      'initialDelaySeconds',
      'timeoutSeconds',
      'periodSeconds',
      'successThreshold',
      'failureThreshold',
    ]) {
      probe.nonNegative(n);
    }
    if (kind !== 'readinessProbe' && (probe.number('successThreshold') ?? 1) !== 1) {
      probe.invalid('successThreshold', 'must be 1');
    }
  }
  const lifecycle = container.child('lifecycle');
  for (const hook of ['postStart', 'preStop']) {
    const handler = lifecycle?.child(hook);
    if (handler !== undefined) checkHandler(handler);
  }
}

/** Requests at most as large as limits, none below zero. */
export function checkResources(owner: FieldNode): void {
  const resources = owner.child('resources');
  if (resources === undefined) return;
  const parse = (text: string) => {
    try {
      return parseQuantity(text);
    } catch (e) {
      if (e instanceof QuantityError) return undefined; // decoding has refused it already
      throw e;
    }
  };
  for (const list of ['limits', 'requests']) {
    for (const [name, text] of resources.entries(list)) {
      const q = parse(text);
      if (text.startsWith('-') && q !== undefined) {
        resources.add(invalidValue(`${resources.at(list)}[${name}]`, text, 'must be greater than or equal to 0'));
      }
      if (
        !name.includes('/') &&
        !['cpu', 'memory', 'ephemeral-storage', 'storage'].includes(name) &&
        !name.startsWith('hugepages-')
      ) {
        resources.add(
          invalidValue(`${resources.at(list)}[${name}]`, name, 'must be a standard resource type or fully qualified'),
          invalidValue(`${resources.at(list)}[${name}]`, name, 'must be a standard resource for containers'),
        );
      }
    }
  }
  const limits = new Map(resources.entries('limits'));
  for (const [name, text] of resources.entries('requests')) {
    const limit = limits.get(name);
    const [q, max] = [parse(text), limit === undefined ? undefined : parse(limit)];
    if (q !== undefined && max !== undefined && compareQuantity(q, max) > 0) {
      resources.add(
        invalidValue(resources.at('requests'), text, `must be less than or equal to ${name} limit of ${limit ?? ''}`),
      );
    }
  }
}

function checkContainer(c: FieldNode, names: Set<string>, volumes: ReadonlySet<string>, ports: Set<string>): void {
  const name = c.text('name');
  c.requireText('name', dns1123Label);
  if (name !== '') {
    if (names.has(name)) c.duplicate('name');
    names.add(name);
  }
  const image = c.text('image');
  if (image === '') c.required('image');
  else if (image.trim() !== image) c.invalid('image', 'must not have leading or trailing whitespace');
  c.checkOneOf('imagePullPolicy', PULL_POLICIES);
  c.checkOneOf('terminationMessagePolicy', ['FallbackToLogsOnError', 'File']);
  for (const port of c.list('ports')) {
    if (port.has('name')) checkPortOrName(port, 'name');
    const number = port.number('containerPort');
    if (number === undefined || number === 0) port.required('containerPort');
    else checkPort(port, 'containerPort');
    if ((port.number('hostPort') ?? 0) !== 0) {
      checkPort(port, 'hostPort');
      const key = `${port.text('protocol')}/${port.text('hostIP')}/${port.number('hostPort')}`;
      if (ports.has(key)) port.add(duplicate(port.at('hostPort'), key));
      ports.add(key);
    }
    if (port.text('protocol') === '') port.required('protocol');
    else port.requireOneOf('protocol', PROTOCOLS);
  }
  checkEnv(c);
  const mounted = new Set<string>();
  for (const mount of c.list('volumeMounts')) {
    mount.requireText('name');
    if (!volumes.has(mount.text('name'))) mount.add(fieldNotFound(mount.at('name'), mount.text('name')));
    const path = mount.text('mountPath');
    if (path === '') mount.required('mountPath');
    else if (mounted.has(path)) mount.invalid('mountPath', 'must be unique');
    mounted.add(path);
    for (const key of ['subPath', 'subPathExpr']) {
      const sub = mount.text(key);
      if (sub.startsWith('/')) mount.invalid(key, 'must be a relative path');
      if (sub.split('/').includes('..')) mount.invalid(key, "must not contain '..'");
    }
  }
  checkProbes(c);
  checkResources(c);
  const security = c.child('securityContext');
  if (security !== undefined) checkSeccomp(security);
  if (security?.flag('privileged') === true && security.get('allowPrivilegeEscalation') === false) {
    security.invalid('', 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
  }
}

/** The seccomp profile of a security context. */
export function checkSeccomp(security: FieldNode): void {
  const profile = security.child('seccompProfile');
  if (profile !== undefined) {
    if (profile.text('type') === '') profile.required('type', 'type is required when seccompProfile is set');
    else if (profile.text('type') === 'Localhost') {
      if (profile.text('localhostProfile') === '') {
        profile.required('localhostProfile', 'must be set when seccomp type is Localhost');
      }
    } else {
      profile.requireOneOf('type', ['Localhost', 'RuntimeDefault', 'Unconfined']);
      if (profile.has('localhostProfile')) {
        profile.invalid('localhostProfile', 'can only be set when seccomp type is Localhost');
      }
    }
  }
  for (const id of ['runAsUser', 'runAsGroup', 'fsGroup']) {
    const v = security.number(id);
    if (v !== undefined && (v < 0 || v > 2_147_483_647)) {
      security.invalid(id, 'must be between 0 and 2147483647, inclusive', v);
    }
  }
}

/** Init, regular and ephemeral containers of a pod spec. */
export function checkContainers(spec: FieldNode, volumes: ReadonlySet<string>): void {
  const names = new Set<string>();
  const ports = new Set<string>();
  const containers = spec.list('containers');
  if (containers.length === 0) spec.required('containers');
  for (const c of containers) checkContainer(c, names, volumes, ports);
  for (const c of spec.list('initContainers')) {
    checkContainer(c, names, volumes, new Set());
    if (c.has('restartPolicy')) c.requireOneOf('restartPolicy', ['Always', 'Never', 'OnFailure']);
    if (c.text('restartPolicy') !== 'Always') {
      for (const key of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
        if (c.has(key)) c.forbidden(key, 'may not be set for init containers without restartPolicy=Always');
      }
    }
  }
  for (const c of spec.list('ephemeralContainers')) {
    checkContainer(c, names, volumes, new Set());
    for (const key of ['ports', 'lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
      if (c.has(key)) c.forbidden(key, 'cannot be set for an Ephemeral Container');
    }
  }
}
