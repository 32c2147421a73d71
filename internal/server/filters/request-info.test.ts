import { expect, test } from 'vitest';
import type { Reply } from '../../rest/types.js';
import { chain, incoming, messageOf, ok, statusOf } from './testing.js';

test('a path is decoded before anything is read of it', async () => {
  let seen = '';
  const resources = (request: { readonly info: { readonly name: string } }): Reply => {
    seen = request.info.name;
    return ok;
  };
  const asked = (target: string) => chain({ resources }).serve(incoming({ target }));
  expect(await statusOf(asked('/api/v1/namespaces/a/pods/b%2Dc'))).toBe(200);
  expect(seen).toBe('b-c');
  const bad = asked('/api/v1/namespaces/a/pods/%zz');
  expect(await statusOf(bad)).toBe(400);
  expect(await messageOf(bad)).toBe('the path is not valid percent-encoding: /api/v1/namespaces/a/pods/%zz');
});

test('a method that resources do not have is refused, but a proxy passes OPTIONS on', async () => {
  const asked = (method: string, target: string) => statusOf(chain().serve(incoming({ method, target })));
  expect(await asked('OPTIONS', '/api/v1/namespaces/a/pods')).toBe(405);
  expect(await asked('TRACE', '/api/v1/namespaces/a/pods/b/proxy')).toBe(405);
  expect(await asked('OPTIONS', '/api/v1/namespaces/a/pods/b/proxy')).toBe(200);
  expect(await asked('OPTIONS', '/version')).toBe(200);
});
