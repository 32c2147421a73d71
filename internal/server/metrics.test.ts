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

/** Lines of these metrics, without help. */
const linesOf = async (metrics: RequestMetrics, name: RegExp): Promise<string[]> =>
  (await rendered(metrics)).split('\n').filter((line) => !line.startsWith('#') && name.test(line));

/** What a replica tells of itself. */
const STATE = {
  term: 1,
  commit: 2,
  applied: 3,
  leader: 4,
  role: 'leader',
  revision: 5,
  handOvers: 6,
  leaderChanges: 7,
  proposalsInFlight: 8,
  logFirst: 9,
  logLast: 10,
  durable: 15,
  diskLow: true,
  damagedRecords: 16,
  scrub: { passes: 11, rows: 12, lastRows: 13, lastSeconds: 14 },
  differences: 17,
  members: [
    { name: 'a', learner: false, connected: true },
    { name: 'b', learner: true, connected: false },
  ],
};

test('What the consensus and the store are doing is shown under names of their own', async () => {
  const metrics = new RequestMetrics(() => undefined);
  let state: typeof STATE = STATE;
  metrics.watchReplica(() => state);
  const shown = () => linesOf(metrics, /^quorate_/);
  expect((await shown()).toSorted()).toEqual(
    [
      'quorate_raft_term 1',
      'quorate_raft_commit_index 2',
      'quorate_raft_applied_index 3',
      'quorate_raft_is_leader 1',
      'quorate_raft_has_leader 1',
      'quorate_raft_hand_overs 6',
      'quorate_raft_leader_changes 7',
      'quorate_raft_proposals_in_flight 8',
      'quorate_raft_log_first_index 9',
      'quorate_raft_log_last_index 10',
      'quorate_store_durable_index 15',
      'quorate_store_disk_low 1',
      'quorate_store_damaged_records 16',
      'quorate_store_scrub_passes 11',
      'quorate_store_scrub_rows 12',
      'quorate_store_scrub_last_rows 13',
      'quorate_store_scrub_last_duration_seconds 14',
      'quorate_store_differences 17',
      'quorate_raft_member_connected{member="a",votes="1"} 1',
      'quorate_raft_member_connected{member="b",votes="0"} 0',
      'quorate_store_revision 5',
    ].toSorted(),
  );
  state = {
    ...state,
    role: 'follower',
    leader: 0,
    diskLow: false,
    members: [{ name: 'a', learner: true, connected: true }],
  };
  expect(await shown()).toEqual(
    expect.arrayContaining([
      'quorate_raft_is_leader 0',
      'quorate_raft_has_leader 0',
      'quorate_store_disk_low 0',
      'quorate_raft_member_connected{member="a",votes="0"} 1',
    ]),
  );
  expect((await shown()).filter((line) => line.startsWith('quorate_raft_member'))).toHaveLength(1);
});

test('Others show their own: what is being handled, counts that are kept elsewhere, texts', async () => {
  const metrics = new RequestMetrics(() => undefined);
  metrics.watchInFlight(() => ({ readOnly: 3, mutating: 4 }));
  let count = 5;
  metrics.counter('mine_total', 'Mine.', () => count);
  metrics.others = () => ['theirs 1\n'];
  expect(await linesOf(metrics, /^apiserver_current_inflight/)).toEqual([
    'apiserver_current_inflight_requests{request_kind="readOnly"} 3',
    'apiserver_current_inflight_requests{request_kind="mutating"} 4',
  ]);
  expect(await linesOf(metrics, /^(mine|theirs)/)).toEqual(['theirs 1', 'mine_total 5']);
  count = 6;
  expect(await linesOf(metrics, /^mine/)).toEqual(['mine_total 6']);
});

test('Requests are counted by what they ask, and how they were answered', async () => {
  const metrics = new RequestMetrics(() => undefined);
  for (const [method, path] of [
    ['POST', '/api/v1/namespaces/a/pods'],
    ['PUT', '/api/v1/namespaces/a/pods/b'],
    ['PATCH', '/api/v1/namespaces/a/pods/b'],
    ['GET', '/api/v1/pods'],
    ['GET', '/api/v1/namespaces/a/pods'],
    ['DELETE', '/api/v1/namespaces/a/pods'],
    ['GET', '/api/v1/nodes/n'],
  ] as const) {
    void metrics.observe(requestInfo(method, path, ''), method, reply(200), 10);
  }
  metrics.observe(nonResourceInfo('GET', '/version'), 'GET', reply(200), 10);
  const total = (scope: string, resource: string, verb: string): string =>
    `apiserver_request_total{code="200",component="apiserver",dry_run="",group="",resource="${resource}",scope="${scope}",subresource="",version="${resource === '' ? '' : 'v1'}",verb="${verb}"} 1`;
  expect((await linesOf(metrics, /^apiserver_request_total/)).toSorted()).toEqual(
    [
      total('namespace', 'pods', 'POST'),
      total('resource', 'pods', 'PUT'),
      total('resource', 'pods', 'PATCH'),
      total('cluster', 'pods', 'LIST'),
      total('namespace', 'pods', 'LIST'),
      total('namespace', 'pods', 'DELETECOLLECTION'),
      total('resource', 'nodes', 'GET'),
      total('', '', 'GET'),
    ].toSorted(),
  );
});

test('The buckets are those of kube-apiserver: dashboards add them up', async () => {
  const metrics = new RequestMetrics(() => undefined);
  metrics.observe(requestInfo('GET', '/api/v1/nodes/n', ''), 'GET', reply(200), 60);
  const buckets = async (name: string): Promise<string[]> =>
    (await linesOf(metrics, new RegExp(`^${name}_bucket`))).map((line) => /le="([^"]*)"/.exec(line)?.[1] ?? '');
  const durations = '0.05 0.1 0.2 0.4 0.6 0.8 1 1.25 1.5 2 3 4 5 6 8 10 15 20 30 45 60 +Inf'.split(' ');
  expect(await buckets('apiserver_request_duration_seconds')).toEqual(['0.005', '0.025', ...durations]);
  expect(await buckets('apiserver_request_sli_duration_seconds')).toEqual(durations);
  expect(await buckets('apiserver_response_sizes')).toEqual(
    '1000 10000 100000 1e+06 1e+07 1e+08 1e+09 +Inf'.split(' '),
  );
  expect(await linesOf(metrics, /^kubernetes_build_info/)).toEqual([
    expect.stringMatching(
      /^kubernetes_build_info\{major="1",minor="36",git_version="v1\.36\.\d+[^"]*",platform="linux\/amd64"\} 1$/,
    ),
  ]);
});

test('Every metric says what it is', async () => {
  const metrics = new RequestMetrics(() => undefined);
  const before = new Set((await rendered(metrics)).split('\n'));
  metrics.watchReplica(() => STATE);
  metrics.watchInFlight(() => ({ readOnly: 0, mutating: 0 }));
  const help = (await rendered(metrics)).split('\n').filter((line) => line.startsWith('# ') && !before.has(line));
  const gauges = {
    quorate_raft_term: 'Raft term of this replica.',
    quorate_raft_commit_index: 'Highest log index known to be committed.',
    quorate_raft_applied_index: 'Highest log index applied here.',
    quorate_raft_is_leader: '1 on the leader, else 0.',
    quorate_raft_has_leader: '1 when this replica knows a leader, else 0.',
    quorate_raft_hand_overs: 'How often this replica has handed leadership over since its start because of its disk.',
    quorate_raft_leader_changes: 'Leaders seen since the start of this replica.',
    quorate_raft_proposals_in_flight: 'Writes of clients of this replica that are not settled.',
    quorate_raft_log_first_index: 'First entry that the log still holds.',
    quorate_raft_log_last_index: 'Last entry of the log.',
    quorate_store_durable_index: 'Log index up to which the state is flushed.',
    quorate_store_disk_low: '1 when the disk is nearly full and only deletes are taken, else 0.',
    quorate_store_damaged_records:
      'Records that do not match their checksum, as far as they were read since the start of this replica.',
    quorate_store_scrub_passes:
      'How often the whole state was read and checked in the background since the start of this replica.',
    quorate_store_scrub_rows: 'Rows read by the background check of the state that is under way; 0 between two.',
    quorate_store_scrub_last_rows: 'Rows read by the last whole background check of the state.',
    quorate_store_scrub_last_duration_seconds: 'How long the last whole background check of the state took.',
    quorate_store_differences:
      'How often this replica, leading, has found that the states of the replicas differ; those that do stop serving.',
    quorate_raft_member_connected: '1 for each member that this replica is connected to, itself included, else 0.',
    quorate_store_revision: 'Newest resourceVersion applied here.',
    apiserver_current_inflight_requests: 'Requests being handled now, long-running ones left out, by kind.',
  };
  expect(help).toEqual(
    Object.entries(gauges).flatMap(([name, text]) => [`# HELP ${name} ${text}`, `# TYPE ${name} gauge`]),
  );
  const own = [...before].filter((line) =>
    /^# \w+ (apiserver_request_|apiserver_response_|kubernetes_build|disabled|hidden|apiserver_validation)/.test(line),
  );
  expect(own).toEqual([
    '# HELP apiserver_request_total Requests answered, by verb, resource, scope and status code.',
    '# TYPE apiserver_request_total counter',
    '# HELP apiserver_request_terminations_total Number of requests which apiserver terminated in self-defense.',
    '# TYPE apiserver_request_terminations_total counter',
    '# HELP apiserver_request_duration_seconds Seconds from the arrival of a request to its answer, by verb, resource and scope. Long-running requests are left out.',
    '# TYPE apiserver_request_duration_seconds histogram',
    '# HELP apiserver_request_sli_duration_seconds Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
    '# TYPE apiserver_request_sli_duration_seconds histogram',
    '# HELP apiserver_response_sizes Bytes of the answers to requests.',
    '# TYPE apiserver_response_sizes histogram',
    '# HELP disabled_metrics_total The count of disabled metrics.',
    '# TYPE disabled_metrics_total counter',
    '# HELP hidden_metrics_total The count of hidden metrics.',
    '# TYPE hidden_metrics_total counter',
    '# HELP apiserver_validation_declarative_validation_mismatch_total Number of times declarative validation results differed from handwritten validation results for core types.',
    '# TYPE apiserver_validation_declarative_validation_mismatch_total counter',
    '# HELP apiserver_validation_declarative_validation_panic_total Number of times declarative validation has panicked during validation.',
    '# TYPE apiserver_validation_declarative_validation_panic_total counter',
    '# HELP kubernetes_build_info Always 1; the labels say which build this is.',
    '# TYPE kubernetes_build_info gauge',
  ]);
});

test('Which features there are is told with their stage', async () => {
  const lines = await linesOf(new RequestMetrics(() => undefined), /^kubernetes_feature_enabled/);
  const told = (name: string, stage: string, value: number): string =>
    `kubernetes_feature_enabled{name="${name}",stage="${stage}"} ${value}`;
  expect(lines).toEqual(
    expect.arrayContaining([
      told('APIResponseCompression', 'BETA', 1),
      told('WatchList', 'BETA', 1),
      told('AllBeta', 'BETA', 0),
      told('UnknownVersionInteroperabilityProxy', 'BETA', 0),
      told('APIServingWithRoutine', 'ALPHA', 0),
      told('StorageVersionAPI', 'ALPHA', 0),
    ]),
  );
  expect(lines).toHaveLength(28);
  for (const line of lines) expect(line).toMatch(/\{name="[A-Z]\w+",stage="(ALPHA|BETA)"\} [01]$/);
});
