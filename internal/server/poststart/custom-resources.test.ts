import { afterAll, beforeAll, expect, test } from 'vitest';
import { CustomResources } from '../../extensions/custom-resources.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { withCustomResources } from '../../registry/custom/index.js';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient, type InternalClient } from '../internal-client.js';
import { type CustomResourceController, followCustomResources } from './custom-resources.js';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const NAME = 'gadgets.example.com';
const definition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: NAME },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

let rest: Rest;
let custom: CustomResources;
let controller: CustomResourceController;
let leading = true;
beforeAll(async () => {
  rest = await startRest();
  const { backend } = rest.deps;
  custom = new CustomResources(backend);
  controller = followCustomResources(backend, clientOf(), custom, () => leading);
  // Requests for custom resources come at any moment, also right after a definition was written.
  backend.onApplied(() => custom.find('example.com', 'v1', 'gadgets'));
});
afterAll(async () => {
  controller.stop();
  await rest.close();
});

/** A client that knows the custom resources, as the server's own does. */
const clientOf = (): InternalClient =>
  createInternalClient(
    createRest({
      ...rest.deps,
      findResource: (...names) => custom.find(...names)?.def,
      strategyFor: withCustomResources((...names) => rest.deps.strategyFor(...names), custom),
    }),
  );

/** Resolves when what was applied makes `probe` true. */
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
const served = (): boolean => custom.find('example.com', 'v1', 'gadgets') !== undefined;
const stored = (): JsonObject | undefined => custom.definitions.find((d) => d.definition.name === NAME)?.object;

test('a definition is established and goes, again and again, while clients ask for its resource', async () => {
  for (let i = 0; i < 5; i++) {
    await rest.ok(201, 'POST', PATH, definition);
    await applied(served);
    await rest.ok(200, 'DELETE', `${PATH}/${NAME}`);
    await applied(() => stored() === undefined);
    expect(served()).toBe(false);
  }
});

test('a definition that goes takes its objects with it, those that are kept when they are let go', async () => {
  const gadgets = '/apis/example.com/v1/namespaces/default/gadgets';
  const gadget = (name: string, finalizers: string[] = []): JsonObject => ({
    apiVersion: 'example.com/v1',
    kind: 'Gadget',
    metadata: { name, ...(finalizers.length === 0 ? {} : { finalizers }) },
  });
  const client = clientOf();
  await rest.ok(201, 'POST', PATH, definition);
  await applied(served);
  for (let i = 0; i < 120; i++) await client.create(gadgets, gadget(`g-${i}`), 'm');
  await client.create(gadgets, gadget('kept', ['example.com/keep']), 'm');
  await rest.ok(200, 'DELETE', `${PATH}/${NAME}`);
  const left = (): number => rest.deps.backend.count('example.com/gadgets/', 'example.com/gadgets0');
  await applied(() => left() === 1);
  // It is marked as deleted, and waits for who keeps it; the definition waits for it.
  const kept = await client.get(`${gadgets}/kept`);
  expect(child(kept, 'metadata')).toMatchObject({
    deletionTimestamp: expect.any(String),
    finalizers: ['example.com/keep'],
  });
  expect(children(child(stored(), 'status'), 'conditions')).toContainEqual(
    expect.objectContaining({
      type: 'Terminating',
      status: 'True',
      reason: 'InstanceDeletionInProgress',
      message: 'CustomResource deletion is in progress',
    }),
  );
  const metadata = { ...child(kept, 'metadata') };
  delete metadata['finalizers'];
  await client.update(`${gadgets}/kept`, { ...kept, metadata }, 'm');
  await applied(() => stored() === undefined);
  expect(left()).toBe(0);
});

test('a definition whose names were taken goes without its objects, and says so', async () => {
  const other = 'toys.example.com';
  const keep = 'example.com/keep';
  await rest.ok(201, 'POST', PATH, definition);
  await applied(served);
  // Another plural, the same kind: never established.
  const names = { plural: 'toys', singular: 'toy', kind: 'Gadget', listKind: 'GadgetList' };
  const spec = { ...definition.spec, names };
  await rest.ok(201, 'POST', PATH, { ...definition, metadata: { name: other, finalizers: [keep] }, spec });
  const conditionOf = (type: string): JsonObject | undefined =>
    children(child(custom.definitions.find((d) => d.definition.name === other)?.object, 'status'), 'conditions').find(
      (c) => c['type'] === type,
    );
  await applied(() => str(conditionOf('Established'), 'status') === 'False');
  await rest.ok(200, 'DELETE', `${PATH}/${other}`);
  await applied(() => str(conditionOf('Terminating'), 'status') === 'False');
  expect(conditionOf('Terminating')).toMatchObject({
    reason: 'NeverEstablished',
    message: 'resource was never established',
  });
  const unkeep = { contentType: 'application/merge-patch+json' };
  await applied(() => {
    const object = custom.definitions.find((d) => d.definition.name === other)?.object;
    return JSON.stringify(child(object, 'metadata')?.['finalizers']) === JSON.stringify([keep]);
  });
  await rest.ok(200, 'PATCH', `${PATH}/${other}`, { metadata: { finalizers: null } }, unkeep);
  await rest.ok(200, 'DELETE', `${PATH}/${NAME}`);
  await applied(() => stored() === undefined);
});

test('who keeps a definition longer sees that its objects are gone', async () => {
  const keep = 'example.com/keep';
  await rest.ok(201, 'POST', PATH, { ...definition, metadata: { name: NAME, finalizers: [keep] } });
  await applied(served);
  await rest.ok(200, 'DELETE', `${PATH}/${NAME}`);
  const terminating = (): JsonObject | undefined =>
    children(child(stored(), 'status'), 'conditions').find((c) => c['type'] === 'Terminating');
  await applied(() => str(terminating(), 'status') === 'False');
  expect(terminating()).toMatchObject({ reason: 'InstanceDeletionCompleted', message: 'removed all instances' });
  await applied(() => JSON.stringify(child(stored(), 'metadata')?.['finalizers']) === JSON.stringify([keep]));
  await rest.ok(
    200,
    'PATCH',
    `${PATH}/${NAME}`,
    { metadata: { finalizers: null } },
    { contentType: 'application/merge-patch+json' },
  );
  await applied(() => stored() === undefined);
});

test('of definitions that want the same names the one that was created first gets them', async () => {
  const named = (plural: string): JsonObject => ({
    ...definition,
    metadata: { name: `${plural}.example.com` },
    spec: { ...definition.spec, names: { ...definition.spec.names, plural } },
  });
  const accepted = (plural: string): string | undefined => {
    const object = custom.definitions.find((d) => d.definition.names.plural === plural)?.object;
    const conditions = children(child(object, 'status'), 'conditions');
    return conditions.filter((c) => c['type'] === 'NamesAccepted').map((c) => str(c, 'status'))[0];
  };
  // Nobody leads while both come.
  leading = false;
  await rest.ok(201, 'POST', PATH, named('widgets'));
  await rest.ok(201, 'POST', PATH, named('anvils'));
  leading = true;
  await applied(() => accepted('widgets') !== undefined && accepted('anvils') !== undefined);
  expect([accepted('widgets'), accepted('anvils')]).toEqual(['True', 'False']);
});
