import { expect, test } from 'vitest';
import { requestInfo } from './request-info.js';

const of = (method: string, target: string): string => {
  const [path = '', query = ''] = target.split('?');
  const i = requestInfo(method, path, query);
  if (!i.isResourceRequest) return `${i.verb} ${i.path}`;
  return `${i.verb} ${i.apiPrefix} ${i.group}/${i.version} ns=${i.namespace} ${i.resource} sub=${i.subresource} name=${i.name} parts=${i.parts.join('/')}`;
};

// Every form of path that RequestInfo tells apart.
test.each([
  ['GET', '/api/v1/namespaces', 'list api /v1 ns= namespaces sub= name= parts=namespaces'],
  ['GET', '/api/v1/namespaces/other', 'get api /v1 ns=other namespaces sub= name=other parts=namespaces/other'],
  [
    'PUT',
    '/api/v1/namespaces/other/finalize',
    'update api /v1 ns=other namespaces sub=finalize name=other parts=namespaces/other/finalize',
  ],
  ['GET', '/api/v1/namespaces/other/pods', 'list api /v1 ns=other pods sub= name= parts=pods'],
  ['GET', '/api/v1/namespaces/other/pods/foo', 'get api /v1 ns=other pods sub= name=foo parts=pods/foo'],
  ['HEAD', '/api/v1/namespaces/other/pods/foo', 'get api /v1 ns=other pods sub= name=foo parts=pods/foo'],
  ['GET', '/api/v1/pods', 'list api /v1 ns= pods sub= name= parts=pods'],
  ['GET', '/api/v1/pods?watch=true', 'watch api /v1 ns= pods sub= name= parts=pods'],
  ['GET', '/api/v1/pods?watch', 'watch api /v1 ns= pods sub= name= parts=pods'],
  ['GET', '/api/v1/pods?watch=0', 'list api /v1 ns= pods sub= name= parts=pods'],
  [
    'GET',
    '/api/v1/namespaces/other/pods?fieldSelector=metadata.name%3Dfoo',
    'list api /v1 ns=other pods sub= name=foo parts=pods',
  ],
  [
    'GET',
    '/api/v1/namespaces/other/pods?fieldSelector=metadata.name%3Dfoo&watch=1',
    'watch api /v1 ns=other pods sub= name=foo parts=pods',
  ],
  [
    'GET',
    '/api/v1/namespaces/other/pods?fieldSelector=metadata.name!%3Dfoo',
    'list api /v1 ns=other pods sub= name= parts=pods',
  ],
  ['GET', '/api/v1/watch/pods', 'watch api /v1 ns= pods sub= name= parts=pods'],
  ['GET', '/api/v1/watch/namespaces/other/pods/foo', 'watch api /v1 ns=other pods sub= name=foo parts=pods/foo'],
  ['GET', '/api/v1/proxy/namespaces/other/pods/foo', 'proxy api /v1 ns=other pods sub= name=foo parts=pods/foo'],
  ['GET', '/api/v1/proxy/namespaces/other/pods/foo/a', 'proxy api /v1 ns=other pods sub= name=foo parts=pods/foo/a'],
  [
    'POST',
    '/api/v1/namespaces/other/pods/foo/exec',
    'create api /v1 ns=other pods sub=exec name=foo parts=pods/foo/exec',
  ],
  [
    'GET',
    '/api/v1/namespaces/other/services/foo/proxy/a/b',
    'get api /v1 ns=other services sub=proxy name=foo parts=services/foo/proxy/a/b',
  ],
  [
    'DELETE',
    '/apis/apps/v1/namespaces/other/deployments',
    'deletecollection apis apps/v1 ns=other deployments sub= name= parts=deployments',
  ],
  [
    'DELETE',
    '/apis/apps/v1/namespaces/other/deployments/foo',
    'delete apis apps/v1 ns=other deployments sub= name=foo parts=deployments/foo',
  ],
  [
    'PATCH',
    '/apis/apps/v1/namespaces/other/deployments/foo/scale',
    'patch apis apps/v1 ns=other deployments sub=scale name=foo parts=deployments/foo/scale',
  ],
  ['POST', '/apis/a.b/v1/things/', 'create apis a.b/v1 ns= things sub= name= parts=things'],
  ['GET', '//api//v1/pods//', 'get api / ns= v1 sub= name=pods parts=v1/pods'],
  ['GET', '/api/v1//', 'get /api/v1//'],
  ['GET', '/api/v1/pods//', 'list api /v1 ns= pods sub= name= parts=pods'],
  ['GET', '/apis/apps', 'get /apis/apps'],
  ['GET', '/apix/v1/pods', 'get /apix/v1/pods'],
  ['GET', '/apix/apps/v1/deployments', 'get /apix/apps/v1/deployments'],
  ['DELETE', '/api/v1/namespaces/other', 'delete api /v1 ns=other namespaces sub= name=other parts=namespaces/other'],
  [
    'PUT',
    '/api/v1/namespaces/other/status',
    'update api /v1 ns=other namespaces sub=status name=other parts=namespaces/other/status',
  ],
  ['DELETE', '/api/v1/nodes', 'deletecollection api /v1 ns= nodes sub= name= parts=nodes'],
  ['OPTIONS', '/api/v1/nodes', ' api /v1 ns= nodes sub= name= parts=nodes'],
  ['GET', '/apis/apps/v1/watch/deployments/d', 'watch apis apps/v1 ns= deployments sub= name=d parts=deployments/d'],
  ['GET', '/api/v1/pods?fieldSelector=metadata.name%3Da%2Fb', 'list api /v1 ns= pods sub= name= parts=pods'],
  ['GET', '/', 'get /'],
  ['GET', '/api', 'get /api'],
  ['GET', '/api/v1', 'get /api/v1'],
  ['GET', '/apis/apps/v1', 'get /apis/apps/v1'],
  ['POST', '/healthz', 'post /healthz'],
])('%s %s', (method, target, expected) => {
  expect(of(method, target)).toBe(expected);
});

test('a watch of nothing is a bad request', () => {
  expect(() => requestInfo('GET', '/api/v1/watch', '')).toThrow(/unable to determine kind and namespace/);
});

test('a path that names no resource has nothing but its method and itself', () => {
  const nothing = { apiPrefix: '', group: '', version: '', namespace: '', resource: '', subresource: '', name: '' };
  const expected = { isResourceRequest: false, path: '/Version', verb: 'get', ...nothing, parts: [], route: undefined };
  expect(requestInfo('GET', '/Version', '')).toEqual(expected);
});
