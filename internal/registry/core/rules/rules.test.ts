import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../machinery/json.js';
import { complaintsAbout } from '../../generic/complaints.testkit.js';
import { strategyFor } from '../../index.js';

/** A valid object with its defaults, changed by `change` before or after them. */
function made(
  resource: string,
  group: string,
  obj: JsonObject,
  change: (o: JsonObject) => void = () => undefined,
): JsonObject {
  const copy = structuredClone(obj);
  change(copy);
  strategyFor(group, resource).defaults?.(copy);
  return copy;
}
const container = (): JsonObject => ({ name: 'c', image: 'busybox' });
const pod: JsonObject = { metadata: { name: 'p' }, spec: { containers: [container()] } };
const specOf = (o: JsonObject): JsonObject => o['spec'] as JsonObject;
const firstOf = (o: JsonObject): JsonObject => (specOf(o)['containers'] as JsonObject[])[0] as JsonObject;

describe('pods (pkg/apis/core/validation, ValidatePodSpec)', () => {
  const complaints = complaintsAbout('', 'pods');
  it.each<[string, (o: JsonObject) => void, string[]]>([
    ['nothing wrong', () => undefined, []],
    ['no containers', (o) => delete specOf(o)['containers'], ['spec.containers: Required value']],
    ['a container without image', (o) => delete firstOf(o)['image'], ['spec.containers[0].image: Required value']],
    [
      'a mount of no volume',
      (o) => (firstOf(o)['volumeMounts'] = [{ name: 'data', mountPath: '/d' }]),
      ['spec.containers[0].volumeMounts[0].name: Not found: "data"'],
    ],
    [
      'a port out of range',
      (o) => (firstOf(o)['ports'] = [{ containerPort: 70_000 }]),
      ['spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive'],
    ],
    [
      'a restart policy nobody knows',
      (o) => (specOf(o)['restartPolicy'] = 'Sometimes'),
      ['spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'],
    ],
    [
      'a probe without handler',
      (o) => (firstOf(o)['livenessProbe'] = {}),
      ['spec.containers[0].livenessProbe: Required value: must specify a handler type'],
    ],
    [
      'a request above its limit',
      (o) => (firstOf(o)['resources'] = { requests: { cpu: '2' }, limits: { cpu: '1' } }),
      ['spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'],
    ],
  ])('%s', (_what, change, expected) => {
    expect(complaints(made('pods', '', pod, change))).toEqual(expected);
  });

  it('may get another image and more tolerations, and nothing else', () => {
    const old = made('pods', '', pod);
    const image = made('pods', '', pod, (o) => {
      firstOf(o)['image'] = 'busybox:2';
      firstOf(o)['imagePullPolicy'] = 'Always';
      specOf(o)['tolerations'] = [{ key: 'a', operator: 'Exists' }];
    });
    expect(complaints(image, old)).toEqual([]);
    const command = made('pods', '', pod, (o) => (firstOf(o)['command'] = ['sh']));
    expect(complaints(command, old)).toEqual([
      expect.stringMatching(/^spec: Forbidden: pod updates may not change fields/),
    ]);
  });
});

describe('workloads', () => {
  const deployment: JsonObject = {
    metadata: { name: 'd' },
    spec: {
      selector: { matchLabels: { app: 'a' } },
      template: { metadata: { labels: { app: 'a' } }, spec: { containers: [container()] } },
    },
  };
  const complaints = complaintsAbout('apps', 'deployments');

  it('a selector must match the template and stays what it is', () => {
    const old = made('deployments', 'apps', deployment);
    expect(complaints(old)).toEqual([]);
    const other = made(
      'deployments',
      'apps',
      deployment,
      (o) => (specOf(o)['selector'] = { matchLabels: { app: 'b' } }),
    );
    expect(complaints(other)).toEqual([
      'spec.template.metadata.labels: Invalid value: {"app":"a"}: `selector` does not match template `labels`',
    ]);
    expect(complaints(other, old)).toContain(
      'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
    );
  });

  it("a stateful set's pods may mount the claims made for them", () => {
    const set = made('statefulsets', 'apps', deployment, (o) => {
      specOf(o)['volumeClaimTemplates'] = [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ];
      const template = specOf(o)['template'] as JsonObject;
      firstOf(template)['volumeMounts'] = [{ name: 'data', mountPath: '/d' }];
    });
    expect(complaintsAbout('apps', 'statefulsets')(set)).toEqual([]);
  });

  it('a job does not restart for ever', () => {
    const job = made('jobs', 'batch', {
      metadata: { name: 'j' },
      spec: { template: { spec: { containers: [container()] } } },
    });
    expect(complaintsAbout('batch', 'jobs')(job)).toContain(
      'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
    );
  });
});

describe('configuration and services', () => {
  it('an immutable config map keeps its data', () => {
    const old: JsonObject = { metadata: { name: 'c' }, immutable: true, data: { a: '1' } };
    expect(complaintsAbout('', 'configmaps')({ ...old, data: { a: '2' } }, old)).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  it('a service keeps its address, and names its ports when it has several', () => {
    const service: JsonObject = { metadata: { name: 's' }, spec: { ports: [{ port: 80 }, { port: 81 }] } };
    const complaints = complaintsAbout('', 'services');
    expect(complaints(made('services', '', service))).toEqual([
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
    ]);
    const withAddress = (ip: string) =>
      made('services', '', {
        metadata: { name: 's' },
        spec: { clusterIP: ip, clusterIPs: [ip], ports: [{ port: 80 }] },
      });
    expect(complaints(withAddress('10.96.0.9'), withAddress('10.96.0.8'))).toEqual([
      'spec.clusterIPs[0]: Invalid value: ["10.96.0.9"]: may not change once set',
    ]);
  });
});
