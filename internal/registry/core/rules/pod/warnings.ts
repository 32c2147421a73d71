import { append } from '../../../../machinery/append.js';
import { child } from '../../../../machinery/access.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { dns1123Label } from '../../../../machinery/names.js';
import { FieldNode } from '../../../generic/field-node.js';
import { isWholeQuantity, quantityText } from '../../../generic/quantities.js';
import { containerProfileWarnings, podProfileWarnings } from './profile-warnings.js';
import { scheduling } from './scheduling-warnings.js';
import { volumeWarnings } from './volume-warnings.js';

// What kube-apiserver warns of: it is accepted, and is hardly what was meant (pkg/api/pod/warnings.go).

type Warn = (text: string) => void;

const DEPRECATED_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};

const allContainers = (spec: FieldNode): FieldNode[] =>
  ['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) => spec.list(list));

/** Names said twice in a list, where the second has no effect of its own. */
function duplicates(spec: FieldNode, warn: Warn): void {
  const ips = new Set<string>();
  for (const alias of spec.list('hostAliases')) {
    const ip = alias.text('ip');
    if (ips.has(ip)) warn(`${alias.at('ip')}: duplicate ip ${JSON.stringify(ip)}`);
    ips.add(ip);
  }
  const secrets = new Set<string>();
  for (const secret of spec.list('imagePullSecrets')) {
    const name = secret.text('name');
    if (name === '') warn(`${secret.at('name')}: invalid empty name ""`);
    else if (secrets.has(name)) warn(`${secret.at('name')}: duplicate name ${JSON.stringify(name)}`);
    secrets.add(name);
  }
}

/** Bytes come in whole numbers. */
function fractions(container: FieldNode, warn: Warn): void {
  const resources = container.child('resources');
  if (resources === undefined) return;
  for (const name of ['memory', 'ephemeral-storage']) {
    for (const list of ['limits', 'requests']) {
      const value = resources.child(list)?.get(name);
      if (value === undefined || isWholeQuantity(value)) continue;
      const text = `fractional byte value ${JSON.stringify(quantityText(value))} is invalid, must be an integer`;
      warn(`${resources.at(list)}[${name}]: ${text}`);
    }
  }
}

function hiddenVariables(container: FieldNode, warn: Warn): void {
  const variables = container.list('env');
  if (variables.length < 2) return;
  const seen = new Set<string>();
  for (const variable of variables) {
    const name = variable.text('name');
    const [value, reference] = [variable.text('value'), `$(${name})`];
    // A value that is made of the one before, and of more, does not hide it.
    const isMadeOfIt = !variable.has('valueFrom') && value !== reference && value.includes(reference);
    if (seen.has(name) && !isMadeOfIt) {
      const text = `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`;
      warn(`${variable.path}: ${text}`);
    }
    seen.add(name);
  }
}

function portWarning(port: FieldNode, other: FieldNode): string | undefined {
  const [ip, otherIP] = [port.text('hostIP'), other.text('hostIP')];
  const [number, otherNumber] = [port.number('hostPort') ?? 0, other.number('hostPort') ?? 0];
  if (ip === otherIP && number === otherNumber) return 'duplicate port definition';
  if (number === 0 || otherNumber === 0) return 'overlapping port definition';
  if (number === otherNumber && (ip === '') !== (otherIP === '')) return 'dangerously ambiguous port definition';
  return undefined;
}

/** Ports of one number that others are compared with: more would say nothing new. */
const MAX_COMPARED = 32;

/** A port as Go prints the struct. */
const portText = (port: FieldNode): string =>
  `{Name:${port.text('name')} HostPort:${port.number('hostPort') ?? 0} ContainerPort:${port.number('containerPort') ?? 0} ` +
  `Protocol:${port.text('protocol')} HostIP:${port.text('hostIP')}}`;

/** Ports of all containers, also of those that do not run at the same time. */
function ports(spec: FieldNode, warn: Warn): void {
  const byPort = new Map<string, FieldNode[]>();
  for (const container of allContainers(spec)) {
    for (const port of container.list('ports')) {
      if (port.text('hostIP') !== '' && (port.number('hostPort') ?? 0) === 0) {
        warn(`${port.path}: hostIP set without hostPort: ${portText(port)}`);
      }
      const key = `${port.number('containerPort') ?? 0}/${port.text('protocol')}`;
      const others = byPort.get(key) ?? [];
      for (const other of others) {
        const text = portWarning(port, other);
        if (text !== undefined) warn(`${port.path}: ${text} with ${other.path}`);
      }
      if (others.length < MAX_COMPARED) others.push(port);
      byPort.set(key, others);
    }
  }
}

/** Services and probes find a port by its name: the first one of that name. */
function portNames(spec: FieldNode, warn: Warn): void {
  const firstOf = new Map<string, string>();
  for (const container of allContainers(spec)) {
    for (const port of container.list('ports')) {
      const name = port.text('name');
      if (name === '') continue;
      const first = firstOf.get(name);
      if (first === undefined) firstOf.set(name, port.path);
      else {
        const what = `duplicate port name ${JSON.stringify(name)} with ${first}`;
        warn(`${port.path}: ${what}, services and probes that select ports by name will use ${first}`);
      }
    }
  }
}

function warnAbout(root: FieldNode, warn: Warn): void {
  const spec = root.struct('spec');
  scheduling(spec, warn);
  const annotations = root.struct('metadata').child('annotations');
  for (const key of annotations === undefined ? [] : Object.keys(DEPRECATED_ANNOTATIONS)) {
    if (annotations?.has(key) === true) warn(`${annotations.path}[${key}]: ${DEPRECATED_ANNOTATIONS[key] ?? ''}`);
  }
  volumeWarnings(spec, warn);
  duplicates(spec, warn);
  if ((spec.number('terminationGracePeriodSeconds') ?? 0) < 0) {
    const at = spec.at('terminationGracePeriodSeconds');
    warn(`${at}: must be >= 0; negative values are invalid and will be treated as 1`);
  }
  podProfileWarnings(root, warn);
  for (const container of allContainers(spec)) {
    containerProfileWarnings(root, container, warn);
    fractions(container, warn);
    hiddenVariables(container, warn);
  }
  ports(spec, warn);
  portNames(spec, warn);
}

/** Whether an update wants nothing else than before: what was warned of then is not warned of again. */
export const isSameGeneration = (o: JsonObject, old: JsonObject | undefined): boolean =>
  old !== undefined && child(o, 'metadata')?.['generation'] === child(old, 'metadata')?.['generation'];

/** Warnings about a pod template at `path`. */
export function templateWarnings(template: JsonObject | undefined, path: string): string[] {
  const out: string[] = [];
  if (template === undefined) return out;
  warnAbout(new FieldNode(template, path), (text) => out.push(text));
  return out;
}

/** Warnings about a new pod; updates of pods are frequent and made by machines, nobody would read them. */
export function podWarnings(pod: JsonObject, old: JsonObject | undefined): string[] {
  const out: string[] = [];
  if (old !== undefined) return out;
  append(out, hostNameWarnings(pod, "the Pod's hostname"));
  warnAbout(new FieldNode(pod), (text) => out.push(text));
  return out;
}

/** A name that becomes part of host names had better be a label. */
export function hostNameWarnings(o: JsonObject, usedIn = 'Pod names and hostnames'): string[] {
  const name = child(o, 'metadata')?.['name'];
  const problems = typeof name === 'string' ? dns1123Label(name) : [];
  if (problems.length === 0) return [];
  const why = 'which can result in surprising behavior; a DNS label is recommended';
  return [`metadata.name: this is used in ${usedIn}, ${why}: [${problems.join(' ')}]`];
}
