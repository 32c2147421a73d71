import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../machinery/json.js';
import { fieldErrorsOf } from '../../../generic/field-errors.testkit.js';

const podErrors = fieldErrorsOf('', 'pods');

/** What is wrong with `status` of a pod with this spec whose status was `before`. */
function errors(status: JsonObject, spec: JsonObject = {}, before: JsonObject = {}): string[] {
  const pod = (s: JsonObject): JsonObject => ({ metadata: { name: 'p' }, spec, status: s });
  return podErrors(pod(status), pod(before), 'status');
}

describe('a container that ended', () => {
  const ended = (exitCode: number): JsonObject => ({ name: 'c', state: { terminated: { exitCode } } });
  const running: JsonObject = { name: 'c', state: { running: {} } };
  const refused = (key = 'containerStatuses'): string =>
    `status.${key}[0].state: Forbidden: may not be transitioned to non-terminated state`;
  const after = (exitCode: number, container: JsonObject, policy = 'Never', kind = 'containers'): string[] => {
    const key = kind === 'containers' ? 'containerStatuses' : 'initContainerStatuses';
    const spec = { restartPolicy: policy, [kind]: [{ name: 'c', ...container }] };
    return errors({ [key]: [running] }, spec, { [key]: [ended(exitCode)] });
  };

  it('runs again as its pod says', () => {
    expect(after(0, {}, 'Always')).toEqual([]);
    expect(after(1, {}, 'OnFailure')).toEqual([]);
    expect(after(0, {}, 'OnFailure')).toEqual([refused()]);
    expect(after(1, {}, 'Never')).toEqual([refused()]);
  });

  it('runs again as its own policy says, whatever its pod says', () => {
    expect(after(0, { restartPolicy: 'Always' })).toEqual([]);
    expect(after(0, { restartPolicy: 'Always' }, 'Never', 'initContainers')).toEqual([]);
    expect(after(1, { restartPolicy: 'OnFailure' })).toEqual([]);
    expect(after(0, { restartPolicy: 'OnFailure' })).toEqual([refused()]);
    expect(after(1, { restartPolicy: 'Never' }, 'Always')).toEqual([refused()]);
    expect(after(1, { restartPolicy: 'Never' }, 'Always', 'initContainers')).toEqual([
      refused('initContainerStatuses'),
    ]);
  });

  it('runs again as the first of its rules about the exit code says', () => {
    const rule = (operator: string, action = 'Restart'): JsonObject => ({
      restartPolicy: 'Never',
      restartPolicyRules: [{ action, exitCodes: { operator, values: [42] } }],
    });
    expect(after(42, rule('In'))).toEqual([]);
    expect(after(41, rule('In'))).toEqual([refused()]);
    expect(after(41, rule('NotIn'))).toEqual([]);
    expect(after(42, rule('NotIn'))).toEqual([refused()]);
    // Such a rule of any container restarts all.
    expect(after(41, rule('In', 'RestartAllContainers'))).toEqual([]);
  });

  it('does not run again where the pod has no such container', () => {
    const spec = { restartPolicy: 'Always', containers: [{ name: 'other' }] };
    expect(errors({ containerStatuses: [running] }, spec, { containerStatuses: [ended(1)] })).toEqual([refused()]);
  });
});

describe('the claim for extended resources', () => {
  const at = 'status.extendedResourceClaimStatus';
  const spec: JsonObject = {
    initContainers: [{ name: 'i', resources: { requests: { 'a.com/gpu': '1' } } }],
    containers: [{ name: 'c', resources: { requests: { 'a.com/gpu': '1' } } }],
  };
  const claim = (extendedResourceClaimStatus: JsonObject): string[] => errors({ extendedResourceClaimStatus }, spec);
  const mapping = (containerName: string, resourceName = 'a.com/gpu', requestName = 'r'): JsonObject => ({
    containerName,
    resourceName,
    requestName,
  });

  it('maps what containers ask for', () => {
    expect(claim({ resourceClaimName: 'made', requestMappings: [mapping('c'), mapping('i')] })).toEqual([]);
    expect(claim({})).toEqual([
      `${at}.requestMappings: Required value: at least one request mapping is required`,
      `${at}.resourceClaimName: Required value`,
    ]);
    const wrong = [mapping('c'), mapping('x', 'a.com/gpu', 'B'), mapping('c', 'b.com/gpu'), mapping('c')];
    expect(claim({ resourceClaimName: '-', requestMappings: wrong })).toEqual([
      `${at}.requestMappings[1].containerName: Invalid value: "x": must match the name of an entry in spec.initContainers.name or spec.containers.name`,
      expect.stringContaining(`${at}.requestName: Invalid value: "B": a lowercase RFC 1123 label`),
      `${at}.requestMappings[2].resourceName: Invalid value: "b.com/gpu": must match the extended resource name of an entry in spec.initContainers.resources.requests or spec.containers.resources.requests`,
      `${at}.requestMappings[3].containerName: Duplicate value: "c"`,
      `${at}.requestMappings[3].resourceName: Duplicate value: "a.com/gpu"`,
      `${at}.requestMappings[3].requestName: Duplicate value: "r"`,
      expect.stringContaining(`${at}.resourceClaimName: Invalid value: "-": a lowercase RFC 1123 subdomain`),
    ]);
  });
});

describe('the status of a pod', () => {
  it('was made by looking at a generation', () => {
    expect(
      errors({ observedGeneration: -1, conditions: [{ type: 'Ready' }, { type: 'a b', observedGeneration: -2 }] }),
    ).toEqual([
      'status.conditions[1].observedGeneration: Invalid value: -2: must be a non-negative integer',
      expect.stringContaining('status.conditions[1].Type: Invalid value: "a b": name part must consist of'),
      'status.observedGeneration: Invalid value: -1: must be a non-negative integer',
    ]);
  });

  it('nominates no node once the pod is on one', () => {
    const bound = { nodeName: 'n' };
    expect(errors({ nominatedNodeName: 'm' })).toEqual([]);
    expect(errors({ nominatedNodeName: 'm' }, bound, { nominatedNodeName: 'm' })).toEqual([]);
    expect(errors({}, bound, { nominatedNodeName: 'm' })).toEqual([]);
    expect(errors({ nominatedNodeName: 'm' }, bound)).toEqual([
      'status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node',
    ]);
  });

  it('names claims as they may be called', () => {
    const spec = { resourceClaims: [{ name: 'a' }] };
    expect(errors({ resourceClaimStatuses: [{ name: 'a', resourceClaimName: '-' }] }, spec)).toEqual([
      expect.stringContaining('status.resourceClaimStatuses[0].resourceClaimName: Invalid value: "-"'),
    ]);
  });

  it('has one address of each family, and no more', () => {
    const ips = (...list: string[]): JsonObject => ({ podIPs: list.map((ip) => ({ ip })) });
    const shown = (...list: string[]): string => JSON.stringify(list.map((IP) => ({ IP })));
    const tooMany = (...list: string[]): string =>
      `status.podIPs: Invalid value: ${shown(...list)}: may specify no more than one IP for each IP family`;
    expect(errors(ips('10.0.0.1', 'fd00::1'))).toEqual([]);
    expect(errors(ips('10.0.0.1', '10.0.0.1'))).toEqual([tooMany('10.0.0.1', '10.0.0.1')]);
    expect(errors(ips('10.0.0.1', 'x'))).toEqual([
      'status.podIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      'status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: x',
      tooMany('10.0.0.1', 'x'),
    ]);
  });
});
