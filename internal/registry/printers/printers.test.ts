import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../machinery/json.js';
import { printerOf } from './index.js';

const NOW = Date.parse('2026-01-01T01:00:00Z');

/** The row of an object by the names of its columns. */
function row(group: string, resource: string, o: JsonObject): Record<string, JsonValue> {
  const printer = printerOf(group, resource);
  const shown = printer.cells?.(o, NOW) ?? [];
  return Object.fromEntries((printer.columns ?? []).map((c, i) => [c.name, shown[i] ?? null]));
}

describe('the status of a pod', () => {
  const ended = (name: string, reason: string, exitCode: number): JsonObject => ({
    name,
    state: { terminated: { reason, exitCode } },
  });
  const running = { name: 'r', ready: true, state: { running: {} } };
  const ready = [{ type: 'Ready', status: 'True' }];
  const shown = (status: JsonObject, metadata: JsonObject = {}): JsonValue | undefined =>
    row('', 'pods', { metadata, spec: { containers: [{ name: 'a' }, { name: 'r' }] }, status })['Status'];

  it('tells who runs before who failed, and that before who completed', () => {
    const completed = ended('a', 'Completed', 0);
    expect(shown({ containerStatuses: [completed, running], conditions: ready })).toBe('Running');
    expect(shown({ containerStatuses: [completed, running] })).toBe('NotReady');
    expect(shown({ containerStatuses: [completed, ended('b', 'Error', 1)] })).toBe('Error');
    expect(shown({ containerStatuses: [completed, ended('b', 'Error', 1), running] })).toBe('Error');
    expect(shown({ containerStatuses: [completed, completed] })).toBe('Completed');
  });

  it('is that it goes, unless it is over', () => {
    const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
    expect(shown({ phase: 'Running' }, going)).toBe('Terminating');
    expect(shown({ phase: 'Succeeded', containerStatuses: [ended('a', 'Completed', 0)] }, going)).toBe('Completed');
    expect(shown({ phase: 'Failed', reason: 'Evicted' }, going)).toBe('Evicted');
    expect(shown({ phase: 'Running', reason: 'NodeLost' }, going)).toBe('Unknown');
  });

  it('is said of the whole row when it is over', () => {
    const of = (phase: string): JsonValue[] | undefined => printerOf('', 'pods').rowConditions?.({ status: { phase } });
    expect(of('Running')).toEqual([]);
    expect(of('Failed')).toEqual([{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }]);
    expect(of('Succeeded')).toEqual([
      { type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' },
    ]);
  });
});

describe('what load balancers, endpoints and rules lead to', () => {
  const balanced: JsonObject = {
    spec: { type: 'LoadBalancer', externalIPs: ['9.9.9.9'] },
    status: { loadBalancer: { ingress: [{ hostname: 'b.example' }, { ip: '10.0.0.2' }, { ip: '10.0.0.2' }] } },
  };
  it('is each address once, in order', () => {
    expect(row('', 'services', balanced)['External-IP']).toBe('10.0.0.2,b.example,9.9.9.9');
    expect(row('networking.k8s.io', 'ingresses', balanced)['Address']).toBe('10.0.0.2,b.example');
  });

  it('is three hosts, and how many rules follow', () => {
    const hosts = (...list: string[]): JsonValue | undefined =>
      row('networking.k8s.io', 'ingresses', { spec: { rules: list.map((host) => ({ host })) } })['Hosts'];
    expect(hosts()).toBe('*');
    expect(hosts('', 'a')).toBe('a');
    expect(hosts('a', 'b', 'c')).toBe('a,b,c');
    expect(hosts('a', '', 'b', 'c', '')).toBe('a,b,c + 2 more...');
  });

  it('is none only where there are no subsets', () => {
    const endpoints = (subsets: JsonObject[]): JsonValue | undefined => row('', 'endpoints', { subsets })['Endpoints'];
    expect(endpoints([])).toBe('<none>');
    expect(endpoints([{ notReadyAddresses: [{ ip: '1.1.1.1' }], ports: [{ port: 1 }] }])).toBe('');
    const ips = ['1.1.1.1', '1.1.1.2', 'fd00::1', '1.1.1.4'].map((ip) => ({ ip }));
    expect(endpoints([{ addresses: ips, ports: [{ port: 80 }] }])).toBe(
      '1.1.1.1:80,1.1.1.2:80,[fd00::1]:80 + 1 more...',
    );
  });

  it('is a port by its number, else its name', () => {
    const ports = (list: JsonObject[]): JsonValue | undefined =>
      row('discovery.k8s.io', 'endpointslices', { ports: list })['Ports'];
    expect(ports([{ port: 80, name: 'a' }, { name: 'b' }, {}])).toBe('80,b,*');
    expect(ports([{ name: '' }])).toBe('<unset>');
  });

  it('is the class that is taken by default, which says so', () => {
    const annotations = { 'ingressclass.kubernetes.io/is-default-class': 'true' };
    const named = (metadata: JsonObject): JsonValue | undefined =>
      row('networking.k8s.io', 'ingressclasses', { metadata, spec: {} })['Name'];
    expect(named({ name: 'a', annotations })).toBe('a (default)');
    expect(named({ name: 'a' })).toBe('a');
  });

  it('is what an address belongs to', () => {
    const parent = (spec: JsonObject): JsonValue | undefined =>
      row('networking.k8s.io', 'ipaddresses', { spec })['ParentRef'];
    expect(parent({})).toBe('<none>');
    expect(parent({ parentRef: { group: 'G.io', resource: 'Things', namespace: 'n', name: 'X' } })).toBe(
      'things.g.io/n/X',
    );
  });
});

it('a node shows its last word, and what its kernel runs on', () => {
  const node = row('', 'nodes', {
    status: {
      conditions: [
        { type: 'Ready', status: 'True' },
        { type: 'Ready', status: 'False' },
      ],
      nodeInfo: { kernelVersion: '6.1', architecture: 'amd64' },
    },
  });
  expect(node).toMatchObject({ Status: 'NotReady', 'Kernel-Version': '6.1 (amd64)' });
});

it('volumes and claims have no storage where none is told', () => {
  expect(row('', 'persistentvolumes', { spec: {} })['Capacity']).toBe('0');
  expect(row('', 'persistentvolumeclaims', { spec: { volumeName: 'v' } })['Capacity']).toBe('0');
  expect(row('', 'persistentvolumeclaims', { spec: {} })['Capacity']).toBe('');
});

it('a series of no events has no count, a single event has one', () => {
  expect(row('', 'events', { series: { count: 0 } })['Count']).toBe(0);
  expect(row('', 'events', {})['Count']).toBe(1);
});

it('metrics are what was measured of what is wanted', () => {
  const targets = (metrics: JsonObject[], currentMetrics: JsonObject[] = []): JsonValue | undefined =>
    row('autoscaling', 'horizontalpodautoscalers', { spec: { metrics }, status: { currentMetrics } })['Targets'];
  const resource = (target: JsonObject): JsonObject => ({ type: 'Resource', resource: { name: 'cpu', target } });
  const had = (current: JsonObject): JsonObject => ({ type: 'Resource', resource: { name: 'cpu', current } });
  const both = had({ averageUtilization: 70, averageValue: '350m' });
  expect(targets([resource({ averageUtilization: 80 })], [both])).toBe('cpu: 70%/80%');
  expect(targets([resource({ averageValue: '500m' })], [both])).toBe('cpu: 350m/500m');
  expect(targets([resource({})])).toBe('cpu: <unknown>/<auto>');
  const external: JsonObject = { type: 'External', external: { target: { averageValue: '5' } } };
  expect(targets([external])).toBe('<unknown>/5 (avg)');
  expect(targets([external, external, external])).toBe('<unknown>/5 (avg), <unknown>/5 (avg) + 1 more...');
});

it('a claim is what has become of it', () => {
  const state = (status: JsonObject, metadata: JsonObject = {}): JsonValue | undefined =>
    row('resource.k8s.io', 'resourceclaims', { metadata, status })['State'];
  const reservedFor = [{ name: 'p' }];
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  expect(state({ reservedFor })).toBe('pending');
  expect(state({ allocation: {}, reservedFor })).toBe('allocated,reserved');
  expect(state({}, going)).toBe('deleted');
  expect(state({ allocation: {} }, going)).toBe('deleted,allocated');
  expect(row('resource.k8s.io', 'resourceslices', { spec: {} })['Node']).toBe('');
});

it('a binding of a policy names its parameters, or how they are selected', () => {
  const param = (paramRef?: JsonObject): JsonValue | undefined =>
    row('admissionregistration.k8s.io', 'validatingadmissionpolicybindings', {
      spec: paramRef === undefined ? {} : { paramRef },
    })['ParamRef'];
  expect(param()).toBe('<unset>');
  expect(param({ namespace: 'n' })).toBe('<unset>');
  expect(param({ name: 'p' })).toBe('*/p');
  const expressions = [{ key: 'k', operator: 'In', values: ['a', 'b'] }];
  expect(param({ selector: { matchLabels: { y: '1', x: '2' }, matchExpressions: expressions } })).toBe(
    '&LabelSelector{MatchLabels:map[string]string{x: 2,y: 1,},MatchExpressions:[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[a b],},},}',
  );
});
