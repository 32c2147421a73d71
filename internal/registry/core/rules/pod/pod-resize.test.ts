import { describe, expect, it } from 'vitest';
import { cloneJson } from '../../../../machinery/equal.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { contextOf, fieldErrorsOf } from '../../../generic/field-errors.testkit.js';
import { strategyFor } from '../../../index.js';

const pods = strategyFor('', 'pods');
const fieldErrors = fieldErrorsOf('', 'pods');
const ctx = contextOf('', 'v1', 'pods', 'resize');
const SMALL = { requests: { cpu: '1' } };

function pod(spec: JsonObject = {}, more: JsonObject = {}): JsonObject {
  const o: JsonObject = {
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'c', image: 'i', resources: SMALL }], ...spec },
    ...more,
  };
  pods.defaults?.(o);
  return o;
}

/** What a PUT to /resize of `sent` makes of `old`, and what is wrong with it. */
function resized(sent: JsonObject, old: JsonObject): { pod: JsonObject; errors: string[] } {
  const now = cloneJson(sent);
  pods.subresources?.['resize']?.prepare?.(ctx, now, old);
  return { pod: now, errors: fieldErrors(now, old, 'resize') };
}
const ofOne = (resources: JsonObject, more: JsonObject = {}): JsonObject =>
  pod({ containers: [{ name: 'c', image: 'i', resources, ...more }] });

describe('a resize', () => {
  it('changes amounts, and drops whatever else comes along', () => {
    const sent = pod({
      containers: [{ name: 'c', image: 'other', resources: { requests: { cpu: '2' } } }],
      hostname: 'h',
    });
    const { pod: now, errors } = resized(sent, pod());
    expect(errors).toEqual([]);
    expect(now).toEqual(ofOne({ requests: { cpu: '2' } }));
  });

  it('changes neither class nor kind nor what was asked for', () => {
    expect(resized(ofOne({}), ofOne(SMALL)).errors).toEqual([
      expect.stringMatching(/^spec: Invalid value: .*Pod QOS Class may not change as a result of resizing$/),
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
    ]);
    const more = { requests: { cpu: '1', 'ephemeral-storage': '1Gi' } };
    expect(resized(ofOne(more), ofOne(SMALL)).errors).toEqual([
      'spec: Forbidden: only cpu and memory resources are mutable',
    ]);
    expect(resized(ofOne(SMALL), ofOne(more)).errors).toEqual([
      'spec.containers[0].resources.requests: Forbidden: resource requests cannot be removed',
      'spec: Forbidden: only cpu and memory resources are mutable',
    ]);
  });

  it('does not change how containers are resized', () => {
    const resizePolicy = [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }];
    expect(resized(ofOne(SMALL, { resizePolicy }), ofOne(SMALL)).errors).toEqual([
      'spec: Forbidden: only cpu and memory resources are mutable',
    ]);
  });

  it('leaves the containers where they are', () => {
    const c = (name: string): JsonObject => ({ name, image: 'i', resources: SMALL });
    const old = pod({ containers: [c('a'), c('b')] });
    const order = 'Forbidden: containers may not be renamed or reordered on resize';
    expect(resized(pod({ containers: [c('b'), c('a')] }), old).errors).toEqual([
      `spec.containers[0].name: ${order}`,
      `spec.containers[1].name: ${order}`,
    ]);
    expect(resized(pod({ containers: [c('a')] }), old).errors).toEqual([
      'spec.containers: Forbidden: containers may not be added or removed on resize',
    ]);
    expect(resized(pod({ containers: [c('a'), c('b')], initContainers: [c('i')] }), old).errors).toEqual([
      'spec.initContainers: Forbidden: initContainers may not be added or removed on resize',
    ]);
  });

  it('is of init containers too, unless they would have to begin again', () => {
    const init = (cpu: string, more: JsonObject = {}): JsonObject =>
      pod({ initContainers: [{ name: 'i', image: 'i', resources: { requests: { cpu } }, ...more }] });
    const restarts = { resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] };
    const always = { restartPolicy: 'Always', ...restarts };
    expect(resized(init('2'), init('1')).errors).toEqual([]);
    expect(resized(init('2', always), init('1', always)).errors).toEqual([]);
    expect(resized(init('1', restarts), init('1', restarts)).errors).toEqual([]);
    expect(resized(init('2', restarts), init('1', restarts)).errors).toEqual([
      'spec.initContainers[0]: Forbidden: non-sidecar init containers with a resize policy of RestartContainer cannot be resized',
    ]);
  });

  it('needs a kubelet that knows of it', () => {
    const running = (more: JsonObject): JsonObject =>
      pod({}, { status: { containerStatuses: [{ name: 'c', state: { running: {} }, ...more }] } });
    expect(resized(pod(), running({ resources: {} })).errors).toEqual([]);
    expect(resized(pod(), running({})).errors).toEqual([
      'spec: Forbidden: Pod running on node without support for resize',
    ]);
  });
});

describe('a resize of the pod as a whole', () => {
  const whole = (resources: JsonObject | undefined): JsonObject =>
    pod({ containers: [{ name: 'c', image: 'i' }], ...(resources === undefined ? {} : { resources }) });
  const old = { requests: { cpu: '1' }, limits: { cpu: '2' } };

  it('is applied', () => {
    const { pod: now, errors } = resized(
      whole({ requests: { cpu: '2' }, limits: { cpu: '3', memory: '1Gi' } }),
      whole(old),
    );
    expect(errors).toEqual([]);
    expect((now['spec'] as JsonObject)['resources']).toEqual({
      requests: { cpu: '2', memory: '1Gi' },
      limits: { cpu: '3', memory: '1Gi' },
    });
  });

  it('takes nothing back', () => {
    expect(resized(whole({ requests: { memory: '1Gi' } }), whole(old)).errors).toEqual([
      'spec.resources.requests: Forbidden: pod-level resource requests cannot be removed',
      'spec.resources.limits: Forbidden: pod-level resource limits cannot be removed',
    ]);
    expect(resized(whole(undefined), whole(old)).errors).toContain(
      'spec.resources: Forbidden: pod-level resources cannot be removed',
    );
  });

  it('is of cpu and memory', () => {
    const pages = (n: string): JsonObject =>
      whole({ requests: { cpu: '1' }, limits: { cpu: '2', 'hugepages-2Mi': n } });
    expect(resized(pages('4Mi'), pages('2Mi')).errors).toEqual([
      'spec: Forbidden: only cpu and memory resources are mutable at pod-level',
    ]);
  });
});
