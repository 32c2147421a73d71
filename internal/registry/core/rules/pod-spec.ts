import { isIP } from 'node:net';
import { dns1123Label, dns1123Subdomain } from '../../../machinery/names.js';
import type { FieldNode } from '../../generic/field-node.js';
import { checkContainers, checkResources, checkSeccomp } from './containers.js';
import { checkAffinity, checkNodeLabels, checkTolerations, checkTopologySpread } from './scheduling.js';
import { checkVolumes } from './volumes.js';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'];
const MAX_INT32 = 2_147_483_647;

/** The rules of a PodSpec wherever it stands (ValidatePodSpec); what defaults fill in is expected to be there. Mounts may also name `claims`. */
export function checkPodSpec(spec: FieldNode, claims: readonly string[] = []): void {
  const volumes = checkVolumes(spec);
  for (const claim of claims) volumes.add(claim);
  checkContainers(spec, volumes);
  if (spec.text('restartPolicy') === '') spec.required('restartPolicy');
  else spec.requireOneOf('restartPolicy', RESTART_POLICIES);
  if (spec.text('dnsPolicy') === '') spec.required('dnsPolicy');
  else spec.requireOneOf('dnsPolicy', DNS_POLICIES);
  checkNodeLabels(spec);
  const security = spec.child('securityContext');
  if (security !== undefined) checkSeccomp(security);
  for (const ref of spec.list('imagePullSecrets')) ref.requireText('name');
  checkAffinity(spec);
  checkResources(spec);
  if (spec.text('serviceAccountName') !== '') spec.checkText('serviceAccountName', dns1123Subdomain);
  if (spec.text('nodeName') !== '') spec.checkText('nodeName', dns1123Subdomain);
  const deadline = spec.number('activeDeadlineSeconds');
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    spec.invalid('activeDeadlineSeconds', `must be between 1 and ${MAX_INT32}, inclusive`, deadline);
  }
  for (const key of ['hostname', 'subdomain']) if (spec.text(key) !== '') spec.checkText(key, dns1123Label);
  checkTolerations(spec);
  for (const alias of spec.list('hostAliases')) {
    if (isIP(alias.text('ip')) === 0) {
      alias.invalid('ip', 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)', alias.text('ip'));
    }
    for (const [i, name] of alias.texts('hostnames').entries())
      alias.checkText(`hostnames[${i}]`, dns1123Subdomain, name);
  }
  if (spec.text('priorityClassName') !== '') spec.checkText('priorityClassName', dns1123Subdomain);
  if (spec.text('runtimeClassName') !== '') spec.checkText('runtimeClassName', dns1123Subdomain);
  for (const gate of spec.list('schedulingGates')) gate.requireText('name');
  checkTopologySpread(spec);
  spec.checkOneOf('preemptionPolicy', ['Never', 'PreemptLowerPriority']);
  const grace = spec.number('terminationGracePeriodSeconds');
  if (grace !== undefined && grace < 0) {
    spec.invalid('terminationGracePeriodSeconds', 'must be greater than or equal to 0', grace);
  }
}
