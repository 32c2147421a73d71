import { expect, test } from 'vitest';
import { routeOf } from './route.js';

test('requests for the same of the same resource have one route, others another', () => {
  const route = routeOf('get', 'apps', 'v1', 'deployments', '', 60);
  expect(route).toBeDefined();
  expect(routeOf('get', 'apps', 'v1', 'deployments', '', 80)).toBe(route);
  const others = [
    routeOf('list', 'apps', 'v1', 'deployments', '', 60),
    routeOf('get', 'extensions', 'v1', 'deployments', '', 60),
    routeOf('get', 'apps', 'v1beta1', 'deployments', '', 60),
    routeOf('get', 'apps', 'v1', 'daemonsets', '', 60),
    routeOf('get', 'apps', 'v1', 'deployments', 'status', 60),
  ];
  expect(new Set([route, ...others]).size).toBe(6);
});

test('what clients make up is bounded, and does not displace what is known', () => {
  const known = routeOf('get', '', 'v1', 'pods', '', 60);
  expect(routeOf('get', '', 'v1', 'pods', 'x', 1025)).toBeUndefined();
  const alike = Array.from({ length: 200 }, (_, i) => routeOf('get', '', 'v1', 'pods', `made-up-${i}`, 60));
  expect(alike.filter((route) => route !== undefined)).toHaveLength(63);
  const many = Array.from({ length: 5000 }, (_, i) => routeOf('get', '', 'v1', `made-up-${i}`, '', 60));
  expect(many.filter((route) => route !== undefined).length).toBeLessThan(4096);
  expect(many.at(-1)).toBeUndefined();
  expect(routeOf('get', '', 'v1', 'pods', '', 60)).toBe(known);
});
