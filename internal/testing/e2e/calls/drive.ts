import { expect } from 'vitest';
import { child, str } from '../../../machinery/access.js';
import type { JsonObject } from '../../../machinery/json.js';
import { driveDocument } from './documents.js';
import { collectionPath, type Driver, keyOf, type Place } from './driver.js';
import { ANNOTATION, CHANGES, subresourceBody } from './fixtures.js';
import { patchOf } from './patches.js';
import { fill, type Shape, type Target, targetOf } from './shapes.js';
import { type CallAnswer, type Encoding, type Identity, PROTOBUF, watchUntil } from './wire.js';

/** Objects shared by all calls are here. */
export const NAMESPACE = 'calls';
/** A namespace that is being deleted. */
export const TERMINATING = 'calls-terminating';

/** Kinds of which RBAC lets a component have one object only: by user and `group/resource`. */
const OWN: Readonly<Record<string, Place>> = {
  'system:kube-controller-manager /configmaps': at('kube-system', 'extension-apiserver-authentication'),
  'system:kube-scheduler /configmaps': at('kube-system', 'extension-apiserver-authentication'),
  'system:serviceaccount:kube-system:legacy-service-account-token-cleaner /configmaps': at(
    'kube-system',
    'kube-apiserver-legacy-service-account-token-tracking',
  ),
  'system:kube-controller-manager coordination.k8s.io/leases': at('kube-system', 'kube-controller-manager'),
  'system:kube-scheduler coordination.k8s.io/leases': at('kube-system', 'kube-scheduler'),
};

function at(namespace: string, name: string): Place {
  return { namespace, name };
}

let count = 0;

/** One call of a shape, as one of its users, in one encoding. */
interface Call {
  readonly driver: Driver;
  readonly shape: Shape;
  readonly target: Target;
  readonly place: Place;
  readonly identity: Identity;
  readonly encoding: Encoding;
}

/** Makes a shape's call as each of its users and asserts every answer that was recorded for it. */
export async function drive(driver: Driver, shape: Shape, encoding: Encoding): Promise<void> {
  const target = targetOf(shape.path);
  for (const user of shape.users.filter((u) => !u.startsWith('+'))) {
    const identity = await driver.identity(user);
    if (target === undefined) {
      await driveDocument(driver, shape, identity, encoding);
      continue;
    }
    const own = OWN[`${user} ${target.group}/${target.resource}`];
    for (const code of shape.codes) {
      count++;
      const place = own ?? at(NAMESPACE, `call-${count}`);
      await driveOne({ driver, shape, target, place, identity, encoding }, code);
    }
  }
}

function driveOne(call: Call, code: number): Promise<void> {
  if (call.target.def === undefined) return driveUnknown(call, code);
  switch (call.shape.verb) {
    case 'get':
      return driveGet(call, code);
    case 'list':
      return driveList(call, code);
    case 'watch':
      return driveWatch(call, code);
    case 'create':
      return driveCreate(call, code);
    case 'update':
      return driveUpdate(call, code);
    case 'patch':
      return drivePatch(call, code);
    case 'delete':
      return driveDelete(call, code);
    case 'deletecollection':
      return driveDeleteCollection(call, code);
    default:
      throw new Error(`nothing drives the verb ${call.shape.verb}: write it`);
  }
}

const REASONS: Readonly<Record<number, string>> = { 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict' };

/** The status code, the encoding and the kind of an answer. */
function expectAnswer(call: Call, answer: CallAnswer, code: number, kind: string): JsonObject {
  const text = JSON.stringify(answer.object) ?? answer.body.toString();
  expect(answer.status, text).toBe(code);
  expect(answer.contentType).toContain(call.encoding === 'json' ? 'application/json' : PROTOBUF);
  const reason = REASONS[code];
  expect(answer.object, text).toMatchObject(reason === undefined ? { kind } : { kind: 'Status', reason });
  return answer.object ?? {};
}

function path(call: Call, more: Partial<Parameters<typeof fill>[1]> = {}): string {
  return fill(call.shape, { ...call.place, resourceVersion: '0', labelSelector: 'app=calls', ...more });
}

/** A group that nobody serves. */
async function driveUnknown(call: Call, code: number): Promise<void> {
  const { driver, identity, encoding } = call;
  const answer = await driver.send('GET', path(call), { identity, encoding });
  expect([answer.status, answer.body.toString().trim()]).toEqual([code, '404 page not found']);
}

function kindOf(call: Call): string {
  const { def, subresource } = call.target;
  return def?.subresources.find((s) => s.name === subresource)?.kind.kind ?? def?.kind ?? '';
}

async function driveGet(call: Call, code: number): Promise<void> {
  const { driver, target, place, identity, encoding } = call;
  if (code === 200) await driver.present(target, place);
  else await driver.absent(target, place);
  const answer = expectAnswer(call, await driver.send('GET', path(call), { identity, encoding }), code, kindOf(call));
  if (code === 200) expect(answer['metadata']).toMatchObject({ name: place.name });
}

async function driveList(call: Call, code: number): Promise<void> {
  const { driver, target, place, identity, encoding } = call;
  await driver.present(target, place, (object) => {
    if (call.shape.query.includes('spec.nodeName')) onNode(object, place.name);
  });
  const answer = await driver.send('GET', path(call), { identity, encoding });
  const list = expectAnswer(call, answer, code, `${target.def?.kind}List`);
  const items = list['items'];
  expect(Array.isArray(items) && items.map((i) => str(child(i as JsonObject, 'metadata'), 'name'))).toContain(
    place.name,
  );
}

function onNode(pod: JsonObject, node: string): void {
  const spec = child(pod, 'spec');
  if (spec !== undefined) spec['nodeName'] = node;
}

/** Kinds whose watch is empty when nobody makes an object of them: the stream itself is what counts. */
async function driveWatch(call: Call, code: number): Promise<void> {
  const { driver, shape, target, place, identity, encoding } = call;
  const kind = target.def?.kind;
  const accept = encoding === 'json' ? 'application/json;stream=watch' : `${PROTOBUF};stream=watch,${PROTOBUF}`;
  const listing = await driver.send('GET', `${collectionPath(target, place.namespace)}?limit=1`);
  const resourceVersion = str(child(listing.object, 'metadata'), 'resourceVersion');
  const question = driver.question('GET', path(call, { resourceVersion }), identity, encoding, undefined, accept);
  if (shape.query.includes('sendInitialEvents')) {
    const watched = await watchUntil(driver.agent, question, ({ type, object }) => {
      const annotations = child(child(object, 'metadata'), 'annotations');
      return type === 'BOOKMARK' && str(annotations, 'k8s.io/initial-events-end') === 'true';
    });
    expect(watched.status).toBe(code);
    for (const { type, object } of watched.events) {
      expect(['ADDED', 'BOOKMARK']).toContain(type);
      expect(object['kind']).toBe(kind);
    }
    return;
  }
  // From the version of a list on: what is made after it is seen.
  const watched = await watchUntil(
    driver.agent,
    question,
    ({ type }) => type === 'ADDED',
    async () => {
      await driver.present(target, place);
    },
  );
  expect([watched.status, watched.contentType]).toEqual([
    code,
    encoding === 'json' ? 'application/json' : `${PROTOBUF};stream=watch`,
  ]);
  expect(watched.events.at(-1)?.object).toMatchObject({ kind, metadata: { name: place.name } });
}

async function driveCreate(call: Call, code: number): Promise<void> {
  const { driver, target, encoding, identity } = call;
  const place = code === 403 ? { ...call.place, namespace: TERMINATING } : call.place;
  let object: JsonObject;
  let kind = kindOf(call);
  if (target.subresource === '') {
    await driver.absent(target, place);
    object = driver.fresh(target, place);
  } else {
    await driver.present({ ...target, subresource: '' }, place);
    object = subresourceBody(keyOf(target), place);
    if (kind === 'Binding' || kind === 'Eviction') kind = 'Status';
  }
  const answer = await driver.send('POST', path({ ...call, place }), { identity, encoding, object });
  const made = expectAnswer(call, answer, code, kind);
  if (code === 201 && kind !== 'Status') expect(made['metadata']).toMatchObject({ name: place.name });
  if (kind === 'TokenRequest') expect(str(child(made, 'status'), 'token').split('.')).toHaveLength(3);
}

/** Adds what `change` holds to an object, in place. */
function merge(object: JsonObject, change: JsonObject): void {
  for (const [key, value] of Object.entries(change)) {
    const own = child(object, key);
    const more = child(change, key);
    if (own !== undefined && more !== undefined) merge(own, more);
    else object[key] = structuredClone(value);
  }
}

async function driveUpdate(call: Call, code: number): Promise<void> {
  const { driver, target, place, identity, encoding, shape } = call;
  const main = { ...target, subresource: '' };
  await driver.present(main, place);
  // A namespace's finalizers and conditions are its controller's business while it goes.
  if (target.resource === 'namespaces') await driver.terminating(place.name);
  const live = await driver.send('GET', path({ ...call, shape: { ...shape, query: '' } }).replace('/finalize', ''), {
    encoding,
  });
  const object = live.object ?? {};
  const change = CHANGES[keyOf(target)] ?? ANNOTATION;
  if (target.subresource === 'finalize') object['spec'] = {};
  else merge(object, change);
  const send = (): Promise<CallAnswer> => driver.send('PUT', path(call), { identity, encoding, object });
  if (code === 409) {
    const first = await send();
    expect(first.status).toBe(200);
  }
  const answer = expectAnswer(call, await send(), code, kindOf(call));
  if (code !== 200) return;
  if (target.subresource !== 'finalize') expect(answer).toMatchObject(change);
  else expect((await driver.send('GET', `${collectionPath(main, '')}/${place.name}`)).status).toBe(404);
}

async function drivePatch(call: Call, code: number): Promise<void> {
  const { driver, target, place, identity, encoding, shape } = call;
  const main = { ...target, subresource: '' };
  await driver.present(main, place);
  const patch = patchOf(shape, keyOf(target), place.name, driver.fresh(main, place));
  const body = { contentType: patch.contentType, body: Buffer.from(JSON.stringify(patch.body)) };
  const answer = await driver.send('PATCH', path(call), { identity, encoding, body });
  expect(expectAnswer(call, answer, code, kindOf(call))).toMatchObject(patch.shows);
}

async function driveDelete(call: Call, code: number): Promise<void> {
  const { driver, target, place, identity, encoding, shape } = call;
  const { metadata } = await driver.present(target, place);
  const object: JsonObject = {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    ...(shape.client === 'kubelet'
      ? { gracePeriodSeconds: 0, preconditions: { uid: str(metadata as JsonObject, 'uid') } }
      : {}),
    ...(shape.client === 'kubectl' ? { propagationPolicy: 'Background' } : {}),
  };
  const answer = await driver.send('DELETE', path(call), { identity, encoding, object });
  const gone = expectAnswer(call, answer, code, kindOf(call));
  expect(gone['metadata']).toMatchObject({ name: place.name });
}

async function driveDeleteCollection(call: Call, code: number): Promise<void> {
  const { driver, target, identity, encoding } = call;
  // Everything in the namespace goes: it must be one of its own.
  const place = { namespace: `calls-${call.place.name}`, name: 'doomed' };
  await driver.namespace(place.namespace);
  await driver.present(target, place);
  const object = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background' };
  const answer = await driver.send('DELETE', path({ ...call, place }), { identity, encoding, object });
  expectAnswer(call, answer, code, `${target.def?.kind}List`);
  const left = await driver.send('GET', collectionPath(target, place.namespace));
  // Volume claims wait for the controller that takes their protection off.
  const items = left.object?.['items'] as JsonObject[];
  expect(items.filter((i) => str(child(i, 'metadata'), 'deletionTimestamp') === '')).toEqual([]);
}
