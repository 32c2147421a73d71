import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { strategyFor } from '../index.js';

const container = (name: string, resources: JsonObject, more: JsonObject = {}): JsonObject => ({
  name,
  resources,
  ...more,
});

/** The resources of a pod of its own after defaulting. */
function defaulted(
  resources: JsonObject | undefined,
  containers: JsonObject[],
  initContainers: JsonObject[] = [],
): unknown {
  const pod: JsonObject = { spec: { ...(resources === undefined ? {} : { resources }), containers, initContainers } };
  strategyFor('', 'pods').defaults?.(pod);
  return (pod['spec'] as JsonObject)['resources'];
}

describe('resources of a pod as a whole', () => {
  it('request what its containers do together, else what it is limited to', () => {
    const limits = { cpu: '5', memory: '1Gi' };
    const containers = [
      container('a', { requests: { cpu: '500m' } }),
      // The limit of a container is its request.
      container('b', { limits: { cpu: '1' } }),
    ];
    const inits = [
      container('i', { requests: { cpu: '700m' } }),
      container('s', { requests: { cpu: '1' } }, { restartPolicy: 'Always' }),
    ];
    expect(defaulted({ limits }, containers)).toEqual({ limits, requests: { cpu: '1500m', memory: '1Gi' } });
    expect(defaulted({ limits }, containers, inits)).toEqual({ limits, requests: { cpu: '2500m', memory: '1Gi' } });
    expect(defaulted({ limits, requests: { cpu: '4' } }, containers)).toEqual({
      limits,
      requests: { cpu: '4', memory: '1Gi' },
    });
  });

  it('are limited to the huge pages of its containers, which nobody can overcommit', () => {
    const containers = ['a', 'b'].map((name) => container(name, { limits: { 'hugepages-2Mi': '2Mi', cpu: '1' } }));
    expect(defaulted({ requests: { cpu: '2' } }, containers)).toEqual({
      requests: { cpu: '2', 'hugepages-2Mi': '4Mi' },
      limits: { 'hugepages-2Mi': '4Mi' },
    });
  });

  it('stay as they are without limits, and away where there are none', () => {
    const containers = [container('a', { requests: { memory: '1Gi' } })];
    expect(defaulted({ requests: { cpu: '1' } }, containers)).toEqual({ requests: { cpu: '1' } });
    expect(defaulted({}, containers)).toEqual({});
    expect(defaulted(undefined, containers)).toBeUndefined();
  });

  it('of a template are left alone', () => {
    const spec = { resources: { limits: { cpu: '1' } }, containers: [container('a', {})] };
    const o: JsonObject = { spec: { template: { spec } } };
    strategyFor('apps', 'deployments').defaults?.(o);
    expect(spec.resources).toEqual({ limits: { cpu: '1' } });
  });
});
