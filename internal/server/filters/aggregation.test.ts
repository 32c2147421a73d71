import { expect, test } from 'vitest';
import type { Reply } from '../../rest/types.js';
import { chain, incoming, statusOf, verdict } from './testing.js';

test('what another server serves is handed on before its body is read, and only of who may', async () => {
  const passedOn: Reply = { status: 202, contentType: 'text/plain', body: 'there' };
  const paths: string[] = [];
  const aggregator = (request: { readonly path: string }): Reply | undefined => {
    paths.push(request.path);
    return request.path.startsWith('/apis/metrics.k8s.io/') ? passedOn : undefined;
  };
  let reads = 0;
  const readBody = (): Buffer => {
    reads++;
    return Buffer.alloc(0);
  };
  const there = { method: 'POST', target: '/apis/metrics.k8s.io/v1/pods', readBody };
  expect(await statusOf(chain({ aggregator }).serve(incoming(there)))).toBe(202);
  expect(reads).toBe(0);
  expect(await statusOf(chain({ aggregator }).serve(incoming({ ...there, target: '/api/v1/pods' })))).toBe(200);
  expect(reads).toBe(1);
  expect(await statusOf(chain({ aggregator, authorizer: verdict('noOpinion')() }).serve(incoming(there)))).toBe(403);
  expect(paths).toEqual(['/apis/metrics.k8s.io/v1/pods', '/api/v1/pods']);
});

test('a watch that is handed on gives its seat back', async () => {
  const seats: string[] = [];
  const aggregator = (request: object): Reply => {
    Object.assign(request, { onWatchBegun: () => seats.push('given back') });
    return { status: 200, contentType: 'text/plain', body: '' };
  };
  const target = '/apis/metrics.k8s.io/v1/pods?watch=true';
  expect(await statusOf(chain({ aggregator }).serve(incoming({ target })))).toBe(200);
  expect(seats).toEqual(['given back']);
});
