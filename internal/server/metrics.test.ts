import { describe, expect, test } from 'vitest';
import type { Reply } from '../rest/types.js';
import { RequestMetrics } from './metrics.js';
import { nonResourceInfo, requestInfo } from './request-info.js';

const reply = (status: number): Reply => ({ status, contentType: '', body: 'x' });
const seen = (metrics: RequestMetrics, path: string, status = 200): void =>
  void metrics.observe(requestInfo('GET', path, ''), 'GET', reply(status), 3);
const rendered = async (metrics: RequestMetrics): Promise<string> => (await metrics.render()).toString();

describe('what clients invent', () => {
  test('is counted together and never becomes a label', async () => {
    const metrics = new RequestMetrics(() => undefined);
    const before = (await rendered(metrics)).length;
    for (let i = 0; i < 20_000; i++) {
      seen(metrics, `/apis/evil${i}.example/v1/${'x'.repeat(200)}${i}`, 404);
      seen(metrics, `/api/v1/pods${i}`, 404);
      seen(metrics, `/api/v1/namespaces/a/pods/b/sub${i}`, 404);
      const method = `METHOD${i}`;
      metrics.observe(nonResourceInfo(method, `/path${i}`), method, reply(405), 1);
    }
    const text = await rendered(metrics);
    expect(text).not.toMatch(/evil|xxx|pods\d|sub\d|METHOD\d|path\d/);
    expect(text).toMatch(/apiserver_request_total\{code="404",.*resource="other".*verb="GET"\} 60000/);
    expect(text).toMatch(/apiserver_request_total\{code="405",.*resource="other".*verb="OTHER"\} 20000/);
    expect(text.length - before).toBeLessThan(20_000);
  });

  test('does not include what is served: built-in resources, their subresources, and custom ones', async () => {
    const def = { group: 'e.example', version: 'v1', resource: 'widgets', subresources: [] };
    const metrics = new RequestMetrics((group) => (group === 'e.example' ? (def as never) : undefined));
    seen(metrics, '/api/v1/namespaces/a/pods/b/status');
    seen(metrics, '/apis/e.example/v1/widgets');
    const text = await rendered(metrics);
    expect(text).toMatch(/resource="pods",scope="resource",subresource="status",version="v1",verb="GET"\} 1/);
    expect(text).toMatch(/group="e.example",resource="widgets",.*verb="LIST"\} 1/);
  });
});

test('label sets are bounded in bytes, and the answer is made in slices', async () => {
  // Custom resources may come and go under ever new names.
  const metrics = new RequestMetrics(
    (group, version, resource) => ({ group, version, resource, subresources: [] }) as never,
  );
  const long = 'g'.repeat(200);
  for (let i = 0; i < 6_000; i++) seen(metrics, `/apis/${long}.example/v1/kind${i}`);
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  const bytes = (await metrics.render()).length;
  clearInterval(counting);
  expect(bytes).toBeLessThan(40 * 1024 * 1024);
  expect(bytes).toBeGreaterThan(10 * 1024 * 1024);
  expect(turns).toBeGreaterThan(10);
  expect(await rendered(metrics)).toContain('resource="other"');
});

test('a watch is counted while it goes on, and what waited for a seat is no time of service', async () => {
  const metrics = new RequestMetrics(() => undefined);
  const watch: Reply = { status: 200, contentType: '', stream: () => undefined };
  const over = metrics.observe(requestInfo('GET', '/api/v1/pods', 'watch=true'), 'GET', watch, 3);
  const gauge =
    'apiserver_longrunning_requests{component="apiserver",group="",resource="pods",scope="cluster",subresource="",version="v1",verb="WATCH"}';
  expect(await rendered(metrics)).toContain(`${gauge} 1\n`);
  over?.();
  expect(await rendered(metrics)).toContain(`${gauge} 0\n`);
  expect(metrics.observe(requestInfo('GET', '/api/v1/nodes', ''), 'GET', reply(200), 5000, 4000)).toBeUndefined();
  const text = await rendered(metrics);
  expect(text).toMatch(/apiserver_request_sli_duration_seconds_sum\{.*resource="nodes".*\} 1\n/);
  expect(text).toMatch(/apiserver_request_duration_seconds_sum\{.*resource="nodes".*\} 5\n/);
});

test('a profile that is taken for long leaves other paths their durations', async () => {
  const metrics = new RequestMetrics(() => undefined);
  metrics.observe(nonResourceInfo('GET', '/debug/pprof/profile'), 'GET', reply(200), 1);
  metrics.observe(nonResourceInfo('GET', '/version'), 'GET', reply(200), 1);
  expect(await rendered(metrics)).toMatch(/apiserver_request_duration_seconds_count\{.*verb="GET"\} 2\n/);
});
