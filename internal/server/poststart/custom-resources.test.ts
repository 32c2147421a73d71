import { afterAll, beforeAll, expect, test } from 'vitest';
import { CustomResources } from '../../extensions/custom-resources.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { createRest } from '../../rest/index.js';
import { type Rest, startRest } from '../../rest/write/testing/harness.js';
import { createInternalClient } from '../internal-client.js';
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
  controller = followCustomResources(backend, createInternalClient(createRest(rest.deps)), custom, () => leading);
  // Requests for custom resources come at any moment, also right after a definition was written.
  backend.onApplied(() => custom.find('example.com', 'v1', 'gadgets'));
});
afterAll(async () => {
  controller.stop();
  await rest.close();
});

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
