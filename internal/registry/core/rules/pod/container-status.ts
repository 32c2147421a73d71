import type { TextCheck, FieldNode } from '../../../generic/field-node.js';

// Rules: k8s.io/kubernetes pkg/apis/core/validation (validateContainerStatusUsers,
// validateContainerStatusAllocatedResourcesStatus, validateContainerStatusNoAllocatedResourcesStatus).

const MAX_ID = 2147483647;

function checkId(owner: FieldNode, key: string, id: number): void {
  if (id < 0 || id > MAX_ID) owner.invalid(key, `must be between 0 and ${MAX_ID}, inclusive`, id);
}

/** Who runs the container, as the kubelet says. */
function checkUser(container: FieldNode, os: string): void {
  const user = container.child('user')?.child('linux');
  if (user === undefined) return;
  if (os === 'windows') container.forbidden('user.linux', 'cannot be set for a windows pod');
  if (os !== 'linux') return;
  for (const key of ['uid', 'gid']) checkId(user, key, user.number(key) ?? 0);
  const groups = user.get('supplementalGroups');
  for (const [i, gid] of (Array.isArray(groups) ? groups : []).entries()) {
    checkId(user, `supplementalGroups[${i}]`, Number(gid));
  }
}

const HEALTH = ['Healthy', 'Unhealthy', 'Unknown'];
const NO_CLAIM =
  "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty";

/** What the container may say it was given: its claims by the names that they have there, and what it requests. */
function nameCheck(resources: FieldNode): TextCheck {
  const claims = new Set(
    resources.list('claims').map((claim) => {
      const request = claim.text('request');
      return `claim:${claim.text('name')}${request === '' ? '' : `/${request}`}`;
    }),
  );
  const requests = new Set(Object.keys(resources.struct('requests').value));
  return (name) => {
    if (name.startsWith('claim:')) return claims.has(name) ? [] : [NO_CLAIM];
    return requests.has(name) ? [] : ["must match one of the container's resource requests"];
  };
}

/** Longest message about the health of a device, in bytes (ResourceHealthMessageMaxLength). */
const MAX_MESSAGE = 1024;

function checkMessage(resource: FieldNode): void {
  const bytes = Buffer.byteLength(resource.text('message'));
  if (bytes === 0) resource.required('message', 'must be non-empty if specified');
  else if (bytes > MAX_MESSAGE) resource.tooLong('message', MAX_MESSAGE);
}

function checkAllocated(status: FieldNode, container: FieldNode | undefined): void {
  const check = container === undefined ? undefined : nameCheck(container.struct('resources'));
  for (const allocated of status.list('allocatedResourcesStatus')) {
    if (check !== undefined) allocated.checkText('name', check);
    const seen = new Set<string>();
    for (const resource of allocated.list('resources')) {
      resource.requireOneOf('health', HEALTH);
      if (resource.has('message')) checkMessage(resource);
      const id = resource.text('resourceID');
      if (seen.has(id)) resource.duplicate('resourceID', id);
      seen.add(id);
    }
  }
}

const KINDS = [
  ['containerStatuses', 'containers'],
  ['initContainerStatuses', 'initContainers'],
] as const;

/** What is wrong with users and allocated resources in the statuses of a pod's containers. */
export function checkContainerStatuses(status: FieldNode, spec: FieldNode): void {
  const os = spec.child('os')?.text('name') ?? 'linux';
  for (const key of ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses']) {
    for (const container of status.list(key)) checkUser(container, os);
  }
  for (const [key, containers] of KINDS) {
    const byName = new Map<string, FieldNode>();
    for (const c of spec.list(containers)) if (!byName.has(c.text('name'))) byName.set(c.text('name'), c);
    for (const container of status.list(key)) checkAllocated(container, byName.get(container.text('name')));
  }
  for (const container of status.list('ephemeralContainerStatuses')) {
    if (container.count('allocatedResourcesStatus') === 0) continue;
    container.forbidden('allocatedResourcesStatus', 'must not be specified in container status');
  }
}
