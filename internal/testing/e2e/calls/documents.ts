import { expect } from 'vitest';
import type { Driver } from './driver.js';
import { fill, type Shape } from './shapes.js';
import type { Encoding, Identity } from './wire.js';

const AGGREGATED = [
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList',
  'application/json',
].join(',');
const OPENAPI_PROTOBUF = 'application/com.github.proto-openapi.spec.v3@v1.0+protobuf';
const NOTHING = { namespace: '', name: '', resourceVersion: '', labelSelector: '' };

/** Discovery, OpenAPI and health: what a client asks for that is no object. */
export async function driveDocument(driver: Driver, shape: Shape, identity: Identity, encoding: Encoding) {
  const { path } = shape;
  if (path === '/healthz') {
    const answer = await driver.send('GET', path, { identity, encoding });
    expect([answer.status, answer.body.toString()]).toEqual([200, 'ok']);
    return;
  }
  if (path.startsWith('/openapi/v3')) {
    await driveOpenApi(driver, shape, identity, encoding);
    return;
  }
  // What can be aggregated is asked for in that form, which only JSON has.
  const isRoot = path === '/api' || path === '/apis';
  const accept = encoding === 'json' && isRoot ? { accept: AGGREGATED } : {};
  const answer = await driver.send('GET', fill(shape, NOTHING), { identity, encoding, ...accept });
  expect(shape.codes, answer.body.toString()).toContain(answer.status);
  const plain = path === '/api' ? 'APIVersions' : path === '/apis' ? 'APIGroupList' : 'APIResourceList';
  expect(answer.object?.['kind']).toBe('accept' in accept ? 'APIGroupDiscoveryList' : plain);
}

async function driveOpenApi(driver: Driver, shape: Shape, identity: Identity, encoding: Encoding): Promise<void> {
  const root = await driver.send('GET', '/openapi/v3', { identity });
  expect(root.status).toBe(200);
  const { paths } = JSON.parse(root.body.toString()) as { paths: Record<string, { serverRelativeURL: string }> };
  if (shape.path === '/openapi/v3') {
    expect(paths).toHaveProperty(['api/v1']);
    return;
  }
  const url = paths[shape.path.slice('/openapi/v3/'.length)]?.serverRelativeURL ?? '';
  expect(url).toMatch(/\?hash=[0-9A-F]{128}$/);
  const accept = encoding === 'json' ? 'application/json' : OPENAPI_PROTOBUF;
  const answer = await driver.send('GET', `${url}&timeout=30s`, { identity, accept });
  expect(shape.codes, answer.body.toString()).toContain(answer.status);
  if (encoding === 'json') {
    expect(answer.object).toMatchObject({ openapi: expect.stringMatching(/^3\./) as string });
    return;
  }
  expect(answer.contentType).toContain('protobuf');
  // gnostic's Document begins with field 1, the version of OpenAPI.
  expect(answer.body.subarray(0, 4).toString('latin1')).toMatch(/^\n.3\./);
}
