import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../machinery/json.js';
import { fieldErrorsOf } from '../../../generic/field-errors.testkit.js';

const podErrors = fieldErrorsOf('', 'pods');
const pod = (status: JsonObject, spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'p' },
  spec: {
    containers: [
      { name: 'c', resources: { requests: { cpu: '1' }, claims: [{ name: 'a' }, { name: 'b', request: 'r' }] } },
    ],
    ...spec,
  },
  status,
});
const errors = (status: JsonObject, spec?: JsonObject): string[] =>
  podErrors(pod(status, spec), pod({}, spec), 'status');

describe('who runs a container', () => {
  const run = (linux: JsonObject): JsonObject => ({ containerStatuses: [{ name: 'c', user: { linux } }] });
  const range = 'must be between 0 and 2147483647, inclusive';

  it('is a user and groups that there may be', () => {
    expect(errors(run({ uid: 0, gid: 2147483647, supplementalGroups: [5] }))).toEqual([]);
    expect(errors(run({ uid: -1, gid: 2147483648, supplementalGroups: [0, -2] }))).toEqual([
      `status.containerStatuses[0].user.linux.uid: Invalid value: -1: ${range}`,
      `status.containerStatuses[0].user.linux.gid: Invalid value: 2147483648: ${range}`,
      `status.containerStatuses[0].user.linux.supplementalGroups[1]: Invalid value: -2: ${range}`,
    ]);
  });

  it('is none of Linux on Windows', () => {
    expect(errors(run({ uid: 0, gid: 0 }), { os: { name: 'windows' } })).toEqual([
      'status.containerStatuses[0].user.linux: Forbidden: cannot be set for a windows pod',
    ]);
  });
});

describe('what a container was given', () => {
  const given = (name: string, resources: JsonObject[] = [], of = 'c'): JsonObject => ({
    containerStatuses: [{ name: of, allocatedResourcesStatus: [{ name, resources }] }],
  });
  const at = 'status.containerStatuses[0].allocatedResourcesStatus[0]';

  it('is what it asked for, if it is known at all', () => {
    for (const name of ['cpu', 'claim:a', 'claim:b/r']) expect(errors(given(name))).toEqual([]);
    expect(errors(given('anything', [], 'other'))).toEqual([]);
    expect(errors(given('memory'))).toEqual([
      `${at}.name: Invalid value: "memory": must match one of the container's resource requests`,
    ]);
    expect(errors(given('claim:b'))).toEqual([
      `${at}.name: Invalid value: "claim:b": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty`,
    ]);
  });

  it('is each thing once, well or not', () => {
    const resources = [
      { resourceID: 'x', health: 'Healthy' },
      { resourceID: 'x', health: 'Fine', message: '' },
      { resourceID: 'y', health: 'Unhealthy', message: 'é'.repeat(513) },
      { resourceID: 'z', health: 'Unhealthy', message: 'é'.repeat(512) },
    ];
    expect(errors(given('cpu', resources))).toEqual([
      `${at}.resources[1].health: Unsupported value: "Fine": supported values: "Healthy", "Unhealthy", "Unknown"`,
      `${at}.resources[1].message: Required value: must be non-empty if specified`,
      `${at}.resources[1].resourceID: Duplicate value: "x"`,
      `${at}.resources[2].message: Too long: may not be more than 1024 bytes`,
    ]);
  });

  it('is nothing where it came later', () => {
    const status = { ephemeralContainerStatuses: [{ name: 'e', allocatedResourcesStatus: [{ name: 'cpu' }] }] };
    expect(errors(status)).toEqual([
      'status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status',
    ]);
  });
});
