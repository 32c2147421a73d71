import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { fieldErrorsOf } from '../generic/field-errors.testkit.js';
import { strategyFor } from '../index.js';

/** A workload with its defaults, `spec` laid over a valid one. */
function made(resource: string, spec: JsonObject, pod: JsonObject = {}): JsonObject {
  const o: JsonObject = {
    metadata: { name: 'w' },
    spec: {
      selector: { matchLabels: { app: 'a' } },
      template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i' }], ...pod } },
      ...spec,
    },
  };
  strategyFor('apps', resource).defaults?.(o);
  return o;
}
const MISMATCH = '`selector` does not match template `labels`';

describe('what all workloads have in common', () => {
  it.each([
    ['deployments', 'deployment'],
    ['replicasets', 'deployment'],
    ['statefulsets', 'statefulset'],
    ['daemonsets', 'daemonset'],
  ])('%s select their own pods, and some', (resource, kind) => {
    const fieldErrors = fieldErrorsOf('apps', resource);
    expect(fieldErrors(made(resource, {}))).toEqual([]);
    expect(fieldErrors(made(resource, { selector: { matchLabels: { app: 'b' } } }))).toEqual([
      `spec.template.metadata.labels: Invalid value: {"app":"a"}: ${MISMATCH}`,
    ]);
    expect(fieldErrors(made(resource, { selector: {} }))).toEqual([
      `spec.selector: Invalid value: {}: empty selector is invalid for ${kind}`,
    ]);
  });

  it('show a selector in the order of its fields, and look no further when it cannot be used', () => {
    const selector = { matchExpressions: [{ values: ['x'], operator: 'Is', key: 'app' }] };
    expect(fieldErrorsOf('apps', 'deployments')(made('deployments', { selector, template: {} }))).toEqual([
      'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Is","values":["x"]}]}: invalid label selector',
    ]);
  });

  it.each(['deployments', 'replicasets', 'statefulsets', 'daemonsets'])(
    '%s restart their pods for ever',
    (resource) => {
      expect(fieldErrorsOf('apps', resource)(made(resource, {}, { restartPolicy: 'Never' }))).toEqual([
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      ]);
    },
  );

  it.each(['deployments', 'replicasets', 'daemonsets'])('%s keep their selector', (resource) => {
    const old = made(resource, {});
    const now = made(resource, { selector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] } });
    expect(fieldErrorsOf('apps', resource)(now, old)).toEqual([
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable',
    ]);
  });

  it('say where in the template something is wrong', () => {
    const template = { metadata: { labels: { app: 'a', b: '!' } }, spec: { containers: [{ name: 'c' }] } };
    expect(fieldErrorsOf('apps', 'replicasets')(made('replicasets', { template }))).toEqual([
      expect.stringMatching(/^spec\.template\.labels: Invalid value: "!": a valid label must be/),
      'spec.template.spec.containers[0].image: Required value',
    ]);
  });
});

describe('deployments', () => {
  const fieldErrors = fieldErrorsOf('apps', 'deployments');
  const rolling = (maxUnavailable: string | number, maxSurge: string | number): JsonObject =>
    made('deployments', { strategy: { rollingUpdate: { maxUnavailable, maxSurge } } });
  const AT = 'spec.strategy.rollingUpdate';

  it('must be able to go on', () => {
    expect(fieldErrors(rolling(0, '0%'))).toEqual([
      `${AT}.maxUnavailable: Invalid value: 0: may not be 0 when \`maxSurge\` is 0`,
    ]);
    expect(fieldErrors(rolling('101%', -1))).toEqual([
      `${AT}.maxSurge: Invalid value: -1: must be greater than or equal to 0`,
      `${AT}.maxUnavailable: Invalid value: "101%": must not be greater than 100%`,
    ]);
  });

  it('have one strategy', () => {
    expect(fieldErrors(made('deployments', { strategy: { type: 'Recreate', rollingUpdate: {} } }))).toEqual([
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ]);
    expect(fieldErrors(made('deployments', { strategy: { type: 'Sudden' } }))).toEqual([
      'spec.strategy: Unsupported value: {"Type":"Sudden","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"',
    ]);
  });

  it('wait longer for progress than for a pod to be ready', () => {
    expect(fieldErrors(made('deployments', { minReadySeconds: 5, progressDeadlineSeconds: 5 }))).toEqual([
      'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
    ]);
  });

  it('are warned of for the pods that they make', () => {
    const deployments = strategyFor('apps', 'deployments');
    const d = made('deployments', {}, { terminationGracePeriodSeconds: -1 });
    expect(deployments.warnings?.(d, undefined)).toEqual([
      'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ]);
    expect(deployments.warnings?.(d, d)).toEqual([]);
  });
});

describe('daemon sets', () => {
  it('replace a pod or put one beside it', () => {
    const set = (maxUnavailable: number, maxSurge: number): JsonObject =>
      made('daemonsets', { updateStrategy: { rollingUpdate: { maxUnavailable, maxSurge } } });
    const fieldErrors = fieldErrorsOf('apps', 'daemonsets');
    expect(fieldErrors(set(0, 0))).toEqual([
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
    ]);
    expect(fieldErrors(set(1, 1))).toEqual([
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ]);
  });
});

describe('stateful sets', () => {
  const fieldErrors = fieldErrorsOf('apps', 'statefulsets');
  const claim = (name: string): JsonObject => ({
    metadata: { name },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  const mounting: JsonObject = {
    containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }],
  };

  it("give their pods the claims made for them, in place of the template's own volumes", () => {
    const volumes = [{ name: 'data', emptyDir: {}, hostPath: { path: '/' } }];
    expect(fieldErrors(made('statefulsets', { volumeClaimTemplates: [claim('data')] }, mounting))).toEqual([]);
    const both = made('statefulsets', { volumeClaimTemplates: [claim('data')] }, { ...mounting, volumes });
    expect(fieldErrors(both)).toEqual([]);
  });

  it('are refused claims that ask for nothing, and services without a name', () => {
    const set = made('statefulsets', { volumeClaimTemplates: [{ metadata: { name: 'd' } }], serviceName: 'A' });
    expect(fieldErrors(set)).toEqual([
      expect.stringMatching(/^spec\.serviceName: Invalid value: "A": a lowercase RFC 1123 label/),
      'spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required',
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    ]);
  });

  it('keep everything that is not named', () => {
    const old = made('statefulsets', { serviceName: 's' });
    const scaled = made('statefulsets', { serviceName: 's', replicas: 3, minReadySeconds: 1 });
    expect(fieldErrors(scaled, old)).toEqual([]);
    expect(fieldErrors(made('statefulsets', { serviceName: 't' }), old)).toEqual([
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ]);
  });
});
