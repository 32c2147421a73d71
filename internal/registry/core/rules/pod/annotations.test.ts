import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../machinery/json.js';
import { fieldErrorsOf } from '../../../generic/field-errors.testkit.js';

const podErrors = fieldErrorsOf('', 'pods');
const PROFILE = 'container.apparmor.security.beta.kubernetes.io/c';
const COST = 'controller.kubernetes.io/pod-deletion-cost';

const pod = (annotations: JsonObject): JsonObject => ({
  metadata: { name: 'p', annotations },
  spec: { containers: [{ name: 'c' }] },
});
/** What is wrong with these annotations in a status, which is all that is looked at there. */
const changed = (annotations: JsonObject, before: JsonObject = {}): string[] =>
  podErrors(pod(annotations), pod(before), 'status');

describe('annotations of a pod', () => {
  it('give profiles of AppArmor once', () => {
    expect(changed({ [PROFILE]: 'unconfined' }, { [PROFILE]: 'unconfined' })).toEqual([]);
    expect(changed({ [PROFILE]: 'unconfined' })).toEqual([
      `metadata.annotations[${PROFILE}]: Forbidden: may not add AppArmor annotations`,
    ]);
    const removed = `metadata.annotations[${PROFILE}]: Forbidden: may not remove or update AppArmor annotations`;
    expect(changed({ [PROFILE]: 'runtime/default' }, { [PROFILE]: 'unconfined' })).toEqual([removed]);
    expect(changed({}, { [PROFILE]: 'unconfined' })).toEqual([removed]);
  });

  it('name profiles of seccomp that there may be', () => {
    const [ofPod, of] = [
      'seccomp.security.alpha.kubernetes.io/pod',
      'container.seccomp.security.alpha.kubernetes.io/c',
    ];
    expect(changed({ [ofPod]: 'docker/default', [of]: 'localhost/a/b' })).toEqual([]);
    expect(changed({ [ofPod]: 'mine', [of]: 'localhost/../b' })).toEqual([
      `metadata.annotations.${of}: Invalid value: "../b": must not contain '..'`,
      `metadata.annotations.${ofPod}: Invalid value: "mine": must be a valid seccomp profile`,
    ]);
  });

  it('say what deleting it costs as Go reads numbers, but for a plus sign', () => {
    for (const cost of ['0', '-0', '-007', '2147483647']) expect(changed({ [COST]: cost }), cost).toEqual([]);
    for (const cost of ['', '+1', '08', '2147483648', '-']) {
      expect(changed({ [COST]: cost }), cost).toEqual([
        `metadata.annotations[${COST}]: Invalid value: ${JSON.stringify(cost)}: must be a 32bit integer`,
      ]);
    }
  });

  it('are told as wrong twice where all of a pod is looked at as well', () => {
    const seen = podErrors(pod({ [COST]: 'x' }), pod({})).filter((text) => text.includes('32bit'));
    expect(seen).toHaveLength(2);
  });
});
