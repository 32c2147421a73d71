import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { storeReader } from '../../admission/lookup.js';
import { ApiServices } from '../../aggregator/api-services.js';
import { BackendServers } from '../../aggregator/backend-server.js';
import { Callout, clusterIpResolver } from '../../callout/index.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { conflict, internalError, notFound } from '../../machinery/status.js';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient, type InternalClient } from '../internal-client.js';
import { keepAvailability } from './api-service-availability.js';
import { keepApiServices } from './api-service-registration.js';

const PATH = '/apis/apiregistration.k8s.io/v1/apiservices';
const LABEL = 'kube-aggregator.kubernetes.io/automanaged';
const PATCH = { contentType: 'application/merge-patch+json' };

let rest: Rest;
let real: InternalClient;
let services: ApiServices;
const callout = new Callout();
const running: { stop(): void }[] = [];
/** What the controllers asked of the server. */
const asked: string[] = [];
let refuse: (asked: string) => Error | undefined = () => undefined;
/** The server's own client, whose writes are noted. */
let client: InternalClient;

beforeAll(async () => {
  rest = await startRest();
  services = new ApiServices(rest.deps.backend);
  real = createInternalClient(createRest(rest.deps));
  const note = (...what: string[]): void => {
    asked.push(what.join(' '));
    const error = refuse(what.join(' '));
    if (error !== undefined) throw error;
  };
  client = {
    ...real,
    async create(path, object, manager) {
      note('create', path, manager);
      return real.create(path, object, manager);
    },
    async update(path, object, manager) {
      note('update', path, manager);
      return real.update(path, object, manager);
    },
    async remove(path) {
      note('remove', path);
      return real.remove(path);
    },
  };
});
afterEach(() => {
  for (const controller of running.splice(0)) controller.stop();
  refuse = () => undefined;
});
afterAll(async () => {
  services.stop();
  callout.close();
  await rest.close();
});

/** Resolves when `probe` holds; asked for whenever something was written. */
function applied(probe: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!probe()) return;
      unsubscribe();
      resolve();
    };
    const unsubscribe = rest.deps.backend.onApplied(look);
    look();
  });
}
const objectOf = (name: string): JsonObject | undefined => services.get(name)?.object;
const specOf = (name: string): JsonObject | undefined => child(objectOf(name), 'spec');
const labelsOf = (name: string): JsonObject | undefined => child(child(objectOf(name), 'metadata'), 'labels');
const change = (name: string, patch: JsonObject) => rest.ok(200, 'PATCH', `${PATH}/${name}`, patch, PATCH);
const made = (name: string, spec: JsonObject, labels: JsonObject = {}) =>
  rest.ok(201, 'POST', PATH, {
    metadata: { name, labels },
    spec: { groupPriorityMinimum: 1, versionPriority: 1, ...spec },
  });

describe('the APIServices of what this server serves', () => {
  let custom: { group: string; version: string }[] = [];
  let leads = true;
  const start = () => {
    const controller = keepApiServices(
      services,
      client,
      () => custom,
      () => leads,
    );
    running.push(controller);
    return controller;
  };

  test('are made by the replica that leads, also when it comes to lead without any change', async () => {
    leads = false;
    custom = [
      { group: 'e.example', version: 'v1' },
      { group: 'apps', version: 'v1' },
    ];
    start();
    // Longer than after a change, and less than until the next look at who leads.
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(services.all()).toEqual([]);
    leads = true;
    await applied(() => objectOf('v1.e.example') !== undefined);
    expect(objectOf('v1.')).toMatchObject({
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: 'v1.', labels: { [LABEL]: 'onstart' } },
      spec: { version: 'v1', groupPriorityMinimum: 18000, versionPriority: 1 },
    });
    expect(specOf('v1.')).not.toHaveProperty('group');
    // What is built in stays so, whatever custom resources say.
    expect([specOf('v1.apps'), labelsOf('v1.apps')]).toEqual([
      { group: 'apps', version: 'v1', groupPriorityMinimum: 17800, versionPriority: 15 },
      { [LABEL]: 'onstart' },
    ]);
    expect([specOf('v1.e.example'), labelsOf('v1.e.example')]).toEqual([
      { group: 'e.example', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100 },
      { [LABEL]: 'true' },
    ]);
    expect(services.all()).toHaveLength(22);
    expect(new Set(asked)).toEqual(new Set([`create ${PATH} kube-apiserver`]));
  });

  test('are set back and put back, with the labels of others; those of nobody are left alone', async () => {
    await made('v1.own.example', { group: 'own.example', version: 'v1' });
    await change('v1.batch', { metadata: { labels: { [LABEL]: null } }, spec: { versionPriority: 7 } });
    start();
    await change('v1.apps', { metadata: { labels: { mine: 'yes' } }, spec: { versionPriority: 7 } });
    await applied(() => specOf('v1.apps')?.['versionPriority'] === 15);
    expect(labelsOf('v1.apps')).toEqual({ mine: 'yes', [LABEL]: 'onstart' });
    await rest.ok(200, 'DELETE', `${PATH}/v1.policy`);
    await applied(() => objectOf('v1.policy') !== undefined);
    expect(specOf('v1.batch')).toMatchObject({ versionPriority: 7 });
    expect(objectOf('v1.own.example')).toBeDefined();
  });

  test('go when a custom resource does, and what is done already is not done again', async () => {
    const controller = start();
    await applied(() => true);
    asked.length = 0;
    custom = [{ group: 'f.example', version: 'v2' }];
    controller.wake();
    await applied(() => objectOf('v1.e.example') === undefined && objectOf('v2.f.example') !== undefined);
    expect(asked.toSorted()).toEqual([`create ${PATH} kube-apiserver`, `remove ${PATH}/v1.e.example`]);
  });

  test.each([
    ['somebody was faster', conflict({ group: '', resource: 'apiservices' }, 'v1.f.example', 'changed')],
    ['it went meanwhile', notFound({ group: '', resource: 'apiservices' }, 'v1.f.example')],
    ['of any other failure', internalError('no')],
    ['of a bug', new Error('no')],
  ])('are tried again, and the others done, when %s', async (_why, error) => {
    custom = [
      { group: 'f.example', version: 'v2' },
      { group: 'g.example', version: 'v2' },
    ];
    let left = 1;
    refuse = (what) => (what.startsWith(`update ${PATH}/v2.f.example`) && left-- > 0 ? error : undefined);
    start();
    await change('v2.f.example', { spec: { versionPriority: 3 } });
    await change('v1.node.k8s.io', { spec: { versionPriority: 3 } });
    await applied(() => specOf('v2.f.example')?.['versionPriority'] === 100);
    expect(left).toBe(-1);
    expect(specOf('v1.node.k8s.io')).toMatchObject({ versionPriority: 15 });
  });

  test('are kept no more once it was stopped, or does not lead', async () => {
    leads = false;
    const first = start();
    first.wake();
    leads = true;
    const second = start();
    second.stop();
    second.wake();
    leads = false;
    asked.length = 0;
    await change('v1.apps', { spec: { versionPriority: 7 } });
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(asked).toEqual([]);
  });
});

describe('the condition Available', () => {
  let leads = true;
  const start = () => {
    const objects = storeReader(rest.deps.backend);
    const servers = new BackendServers({ callout, resolve: clusterIpResolver(objects) });
    const parts = { backend: rest.deps.backend, services, servers, objects, client, leads: () => leads };
    const controller = keepAvailability(parts);
    running.push(controller);
    return controller;
  };
  const conditions = (name: string): JsonObject[] => children(child(objectOf(name), 'status'), 'conditions');
  const available = (name: string): JsonObject | undefined =>
    conditions(name).find((c) => str(c, 'type') === 'Available');
  const NAME = 'v1.remote.example';

  test('is told of what is served here, beside other conditions, by the replica that leads', async () => {
    for (const { name } of services.all()) await rest.ok(200, 'DELETE', `${PATH}/${name}`);
    const spec = { group: 'here.example', version: 'v1' };
    await made('v1.here.example', spec);
    const other = {
      type: 'Other',
      status: 'False',
      reason: 'X',
      message: 'y',
      lastTransitionTime: '2020-01-01T00:00:00Z',
    };
    const object = { ...objectOf('v1.here.example'), status: { conditions: [other] } };
    await rest.ok(200, 'PUT', `${PATH}/v1.here.example/status`, object);
    leads = false;
    const controller = start();
    expect(controller.unavailable()).toEqual(['v1.here.example']);
    await change('v1.here.example', { metadata: { labels: { touched: 'yes' } } });
    expect(conditions('v1.here.example')).toHaveLength(1);
    leads = true;
    asked.length = 0;
    await applied(() => available('v1.here.example') !== undefined);
    expect(conditions('v1.here.example')).toEqual([
      other,
      {
        type: 'Available',
        status: 'True',
        lastTransitionTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
        reason: 'Local',
        message: 'Local APIServices are always available',
      },
    ]);
    expect(asked).toEqual([`update ${PATH}/v1.here.example/status kube-apiserver`]);
    expect(controller.unavailable()).toEqual([]);
  });

  test('is looked at again when the service changes, and keeps its time while its status stays', async () => {
    const old = { lastTransitionTime: '2020-01-01T00:00:00Z', type: 'Available' };
    await made(NAME, {
      group: 'remote.example',
      version: 'v1',
      service: { namespace: 'default', name: 'back', port: 443 },
    });
    const status = { conditions: [{ ...old, status: 'False', reason: 'ServiceNotFound', message: 'old' }] };
    await rest.ok(200, 'PUT', `${PATH}/${NAME}/status`, { ...objectOf(NAME), status });
    const controller = start();
    await applied(() => str(available(NAME), 'message') === 'service/back in "default" is not present');
    expect(available(NAME)).toMatchObject({ ...old, status: 'False', reason: 'ServiceNotFound' });
    expect(controller.unavailable()).toEqual([NAME]);
    const services_ = '/api/v1/namespaces/default/services';
    await rest.ok(201, 'POST', services_, {
      metadata: { name: 'back' },
      spec: { clusterIP: 'None', ports: [{ port: 80 }] },
    });
    await applied(() => str(available(NAME), 'reason') === 'ServicePortError');
    await rest.ok(200, 'PATCH', `${services_}/back`, { spec: { ports: [{ port: 443 }] } }, PATCH);
    await applied(() => str(available(NAME), 'reason') === 'EndpointsNotFound');
    const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
    const labels = { 'kubernetes.io/service-name': 'back' };
    await rest.ok(201, 'POST', slices, {
      metadata: { name: 'back-1', labels },
      addressType: 'IPv4',
      endpoints: [],
      ports: [],
    });
    await applied(() => str(available(NAME), 'reason') === 'MissingEndpoints');
    expect(available(NAME)).toMatchObject(old);
    // What it says already is not written again.
    asked.length = 0;
    await change(NAME, { metadata: { labels: { touched: 'yes' } }, spec: { versionPriority: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toEqual([]);
  });

  test('moves in time with its status, and a write that others were faster at is not the end of it', async () => {
    const status = {
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'Passed',
          message: 'old',
          lastTransitionTime: '2020-01-01T00:00:00Z',
        },
      ],
    };
    await rest.ok(200, 'PUT', `${PATH}/${NAME}/status`, { ...objectOf(NAME), status });
    let left = 1;
    refuse = () => (left-- > 0 ? conflict({ group: '', resource: 'apiservices' }, NAME, 'changed') : undefined);
    start();
    await applied(() => str(available(NAME), 'reason') === 'MissingEndpoints');
    expect(left).toBe(-1);
    expect(Date.now() - Date.parse(str(available(NAME), 'lastTransitionTime'))).toBeLessThan(60_000);
  });

  test('is told by nobody who was stopped', async () => {
    const controller = start();
    controller.stop();
    asked.length = 0;
    await change(NAME, { spec: { versionPriority: 4 } });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toEqual([]);
  });
});
