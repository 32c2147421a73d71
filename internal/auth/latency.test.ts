import { expect, test } from 'vitest';
import { authLatency } from './latency.js';

/** The numbers of `authLatency`, by what stands before them. */
function numbers(): Map<string, number> {
  const lines = [...authLatency.render()].join('').split('\n');
  return new Map(
    lines
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}
/** By how much `name` grew while `act` was done. */
function growth(act: () => void): (name: string) => number {
  const before = numbers();
  act();
  const after = numbers();
  return (name) => {
    expect([...after.keys()], name).toContain(name);
    return Math.round(((after.get(name) ?? 0) - (before.get(name) ?? 0)) * 1e6) / 1e6;
  };
}

test('users are counted under names of which there are few', () => {
  const named = ['admin', 'client', 'kube_proxy', 'kubelet', 'system:serviceaccount:kube-system:default'];
  const grown = growth(() => {
    for (const name of [...named, 'ann', 'bob', 'ann@example.com']) authLatency.authenticated(name, 1);
    authLatency.authenticated('admin', 1);
  });
  const count = (name: string): number => grown(`authenticated_user_requests{username="${name}"}`);
  expect(named.map(count)).toEqual([2, 1, 1, 1, 1]);
  expect([count('other'), count('email_id')]).toEqual([2, 1]);
});

test('how long it took to find out who asks, and whether they may, is measured in seconds by what came of it', () => {
  const grown = growth(() => {
    authLatency.authenticated('ann', 3);
    authLatency.refused(30);
    authLatency.authorized('allow', 1);
    authLatency.authorized('deny', 10);
    authLatency.authorized('noOpinion', 100);
    authLatency.authorized('error', 1_000);
  });
  const seconds = (name: string, result: string): number => grown(`${name}_duration_seconds_sum{result="${result}"}`);
  expect(seconds('authentication', 'success')).toBe(0.003);
  expect(seconds('authentication', 'failure')).toBe(0.03);
  expect(['allowed', 'denied', 'no-opinion', 'error'].map((result) => seconds('authorization', result))).toEqual([
    0.001, 0.01, 0.1, 1,
  ]);
  const bucket = (le: string): number => grown(`authentication_duration_seconds_bucket{result="success",le="${le}"}`);
  expect(['0.002', '0.004', '16.384', '+Inf'].map(bucket)).toEqual([0, 1, 1, 1]);
});

test('how long certificates of clients are good yet is measured in buckets up to a year', () => {
  const day = 24 * 3600 * 1000;
  const grown = growth(() => {
    for (const left of [-1, day, 100 * day]) authLatency.certificate(left);
  });
  const name = 'apiserver_client_certificate_expiration_seconds';
  const bucket = (le: string): number => grown(`${name}_bucket{le="${le}"}`);
  const bounds = ['0', '1800', '43200', '86400', '7.776e+06', '1.5552e+07', '3.1104e+07'];
  expect(bounds.map(bucket)).toEqual([1, 1, 1, 2, 2, 3, 3]);
  expect(grown(`${name}_count{}`)).toBe(3);
});
