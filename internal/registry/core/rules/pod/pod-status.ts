import { isIP } from 'node:net';
import { child, str } from '../../../../machinery/access.js';
import { duplicate, type FieldError, invalidValue } from '../../../../machinery/field.js';
import { legacyIP } from '../../../../machinery/formats.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { dns1123Subdomain, qualifiedName } from '../../../../machinery/names.js';
import { FieldNode } from '../../../generic/field-node.js';
import { checkMirrorKept, checkPodAnnotations } from './annotations.js';
import { checkContainerStatuses } from './container-status.js';

/** A container that has terminated for good may not be said to run again (ValidateContainerStateTransition). */
function checkTransitions(
  status: FieldNode,
  before: FieldNode,
  key: string,
  restarts: (old: FieldNode) => boolean,
): void {
  for (const [i, old] of before.list(key).entries()) {
    if (old.child('state')?.child('terminated') === undefined || restarts(old)) continue;
    for (const now of status.list(key)) {
      if (now.text('name') !== old.text('name') || now.child('state')?.child('terminated') !== undefined) continue;
      status.forbidden(`${key}[${i}].state`, 'may not be transitioned to non-terminated state');
    }
  }
}

const exitCode = (status: FieldNode): number => status.child('state')?.child('terminated')?.number('exitCode') ?? 0;

function checkAllTransitions(status: FieldNode, before: FieldNode, spec: FieldNode): void {
  const policy = spec.text('restartPolicy');
  const sidecars = new Set(
    spec
      .list('initContainers')
      .filter((c) => c.text('restartPolicy') === 'Always')
      .map((c) => c.text('name')),
  );
  const byPolicy = (old: FieldNode): boolean => policy === 'Always' || (policy === 'OnFailure' && exitCode(old) !== 0);
  const withPolicy = new Set(
    [...spec.list('containers'), ...spec.list('initContainers')]
      .filter((c) => c.has('restartPolicy'))
      .map((c) => c.text('name')),
  );
  const ownPolicy = (old: FieldNode): boolean => withPolicy.has(old.text('name'));
  checkTransitions(status, before, 'containerStatuses', (old) => byPolicy(old) || ownPolicy(old));
  checkTransitions(
    status,
    before,
    'initContainerStatuses',
    (old) => byPolicy(old) || sidecars.has(old.text('name')) || ownPolicy(old),
  );
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
  const shown = ips.map((ip) => ({ IP: ip }));
  const families = new Set(ips.map((ip) => isIP(ip)));
  const tooMany = (): void => {
    if (families.size < 2 || ips.length > 2) status.invalid(key, ONE_PER_FAMILY, shown);
  };
  if (key === 'podIPs') tooMany();
  const seen = new Set<string>();
  for (const [i, ip] of ips.entries()) {
    if (seen.has(ip)) status.add(duplicate(`${status.at(key)}[${i}]`, shown[i]));
    seen.add(ip);
  }
  if (key === 'hostIPs') tooMany();
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
    for (const message of dns1123Subdomain(claim)) entry.invalid('name', message, claim);
  }
}

const QOS_CLASSES = ['BestEffort', 'Burstable', 'Guaranteed'];

/** Field errors of a pod's new status (ValidatePodStatusUpdate). */
export function podStatusErrors(pod: JsonObject, old: JsonObject): FieldError[] {
  const root = new FieldNode(pod);
  const meta = root.struct('metadata');
  const spec = root.struct('spec');
  const status = root.struct('status');
  const before = new FieldNode(old).struct('status');
  checkMirrorKept(meta, child(old, 'metadata'));
  checkPodAnnotations(meta, spec, child(child(old, 'metadata'), 'annotations'));
  for (const [i, condition] of status.list('conditions').entries()) {
    const type = condition.text('type');
    // Field errors of conditions name them as if they were metadata.
    if (!SYSTEM_CONDITIONS.has(type)) meta.checkText(`conditions[${i}].Type`, qualifiedName, type);
  }
  if (spec.text('nodeName') !== str(child(old, 'spec'), 'nodeName')) {
    status.forbidden('nodeName', 'may not be changed directly');
  }
  const nominated = status.text('nominatedNodeName');
  if (nominated !== '' && nominated !== before.text('nominatedNodeName')) {
    status.checkText('nominatedNodeName', dns1123Subdomain);
  }
  checkAllTransitions(status, before, spec);
  checkClaimStatuses(status, spec);
  checkIPs(status, 'podIPs', before);
  checkIPs(status, 'hostIPs', before);
  checkContainerStatuses(status, spec);
  if (before.has('qosClass') && status.text('qosClass') !== before.text('qosClass')) {
    status.invalid('qosClass', 'field is immutable', status.text('qosClass'));
  } else status.checkOneOf('qosClass', QOS_CLASSES);
  return root.problems;
}
