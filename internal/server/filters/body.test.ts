import { expect, test } from 'vitest';
import type { Reply } from '../../rest/types.js';
import { chain, incoming, ok, statusOf } from './testing.js';

const PROXY = '/api/v1/namespaces/a/pods/b/proxy/x';

test('the body is read whole, but a handler that passes it on reads it itself', async () => {
  const seen: string[] = [];
  const resources = (request: { readonly body: Buffer }): Reply => {
    seen.push(request.body.toString());
    return ok;
  };
  let reads = 0;
  const readBody = (): Buffer => {
    reads++;
    return Buffer.from('sent');
  };
  for (const target of ['/api/v1/namespaces/a/pods', PROXY, '/api/v1/proxy/namespaces/a/pods/b/x']) {
    expect(await statusOf(chain({ resources }).serve(incoming({ method: 'POST', target, readBody })))).toBe(200);
  }
  expect(seen).toEqual(['sent', '', '']);
  expect(reads).toBe(1);
});

test('a body whose name only looks like such a one is read', async () => {
  let reads = 0;
  const readBody = (): Buffer => {
    reads++;
    return Buffer.alloc(0);
  };
  for (const target of ['/api/v1/namespaces/a/pods/proxy', '/api/v1/namespaces/a/pods/b/exec']) {
    expect(await statusOf(chain().serve(incoming({ method: 'POST', target, readBody })))).toBe(200);
  }
  expect(reads).toBe(2);
});
