import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import type { Reply, RequestInfo } from '../rest/types.js';
import { Histograms } from './histogram.js';
import { isLongRunning } from './in-flight.js';
import { VERSION } from './version.js';

/** kube-apiserver's buckets for request durations, in seconds. */
const DURATION_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
/** kube-apiserver's buckets for response sizes, in bytes. */
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/** Label sets that are kept; a client that invents more is counted together under `other`. */
const MAX_SERIES = 5000;

/** The series of one label set, found once per kind of request. */
interface Series {
  count: number;
  readonly labels: string;
  readonly duration: Float64Array | undefined;
  readonly size: Float64Array | undefined;
}

/** Counts and durations of requests under kube-apiserver's metric names. */
export class RequestMetrics {
  readonly registry = new Registry();
  private readonly series = new Map<string, Series>();
  private readonly durations = new Histograms(
    'apiserver_request_duration_seconds',
    'Seconds from the arrival of a request to its answer, by verb, resource and scope. Long-running requests are left out.',
    DURATION_BUCKETS,
  );
  private readonly sizes = new Histograms(
    'apiserver_response_sizes',
    'Bytes of the answers to requests.',
    SIZE_BUCKETS,
  );

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    const build = new Gauge({
      name: 'kubernetes_build_info',
      help: 'Always 1; the labels say which build this is.',
      labelNames: ['major', 'minor', 'git_version', 'platform'],
      registers: [this.registry],
    });
    build.set(
      { major: VERSION.major, minor: VERSION.minor, git_version: VERSION.gitVersion, platform: VERSION.platform },
      1,
    );
  }

  /** What the consensus side is doing, as quorate_raft_* gauges. */
  watchReplica(
    read: () => {
      term: number;
      commit: number;
      applied: number;
      leader: number;
      role: string;
      revision: number;
      handOvers: number;
      leaderChanges: number;
      proposalsInFlight: number;
      logFirst: number;
      logLast: number;
      durable: number;
      diskLow: boolean;
      damagedRecords: number;
      differences: number;
      members: readonly { name: string; learner: boolean; connected: boolean }[];
    },
  ): void {
    this.gauge('quorate_raft_term', 'Raft term of this replica.', () => read().term);
    this.gauge('quorate_raft_commit_index', 'Highest log index known to be committed.', () => read().commit);
    this.gauge('quorate_raft_applied_index', 'Highest log index applied here.', () => read().applied);
    this.gauge('quorate_raft_is_leader', '1 on the leader, else 0.', () => (read().role === 'leader' ? 1 : 0));
    this.gauge('quorate_raft_has_leader', '1 when this replica knows a leader, else 0.', () =>
      read().leader === 0 ? 0 : 1,
    );
    this.gauge(
      'quorate_raft_hand_overs',
      'How often this replica has handed leadership over since its start because of its disk.',
      () => read().handOvers,
    );
    this.gauge(
      'quorate_raft_leader_changes',
      'Leaders seen since the start of this replica.',
      () => read().leaderChanges,
    );
    this.gauge(
      'quorate_raft_proposals_in_flight',
      'Writes of clients of this replica that are not settled.',
      () => read().proposalsInFlight,
    );
    this.gauge('quorate_raft_log_first_index', 'First entry that the log still holds.', () => read().logFirst);
    this.gauge('quorate_raft_log_last_index', 'Last entry of the log.', () => read().logLast);
    this.gauge('quorate_store_durable_index', 'Log index up to which the state is flushed.', () => read().durable);
    this.gauge('quorate_store_disk_low', '1 when the disk is nearly full and only deletes are taken, else 0.', () =>
      read().diskLow ? 1 : 0,
    );
    this.gauge(
      'quorate_store_damaged_records',
      'Records that do not match their checksum, as far as they were read since the start of this replica.',
      () => read().damagedRecords,
    );
    this.gauge(
      'quorate_store_differences',
      'How often this replica, leading, has found that the states of the replicas differ; those that do stop serving.',
      () => read().differences,
    );
    const connected = new Gauge({
      name: 'quorate_raft_member_connected',
      help: '1 for each member that this replica is connected to, itself included, else 0.',
      labelNames: ['member', 'votes'],
      registers: [this.registry],
      collect() {
        connected.reset();
        for (const { name, learner, connected: up } of read().members) {
          connected.set({ member: name, votes: learner ? '0' : '1' }, up ? 1 : 0);
        }
      },
    });
    this.gauge('quorate_store_revision', 'Newest resourceVersion applied here.', () => read().revision);
  }

  /** Requests that are being handled, under kube-apiserver's name. */
  watchInFlight(inFlight: { readonly readOnly: number; readonly mutating: number }): void {
    new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being handled now, long-running ones left out, by kind.',
      labelNames: ['request_kind'],
      registers: [this.registry],
      collect() {
        this.set({ request_kind: 'readOnly' }, inFlight.readOnly);
        this.set({ request_kind: 'mutating' }, inFlight.mutating);
      },
    });
  }

  /** A gauge that is read when somebody asks for it. */
  gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }

  /** A count that somebody else keeps, read when it is asked for. */
  counter(name: string, help: string, read: () => number): void {
    new Counter({
      name,
      help,
      registers: [this.registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** Records one answered request; `durationMs` from arrival to answer. */
  observe(info: RequestInfo, method: string, reply: Reply, durationMs: number): void {
    const key = info.isResourceRequest
      ? `${info.group}/${info.version}/${info.resource}/${info.subresource}/${info.verb}/${reply.status}/${info.name === '' ? '' : 'n'}${info.namespace === '' ? '' : 's'}`
      : `${method}/${reply.status}`;
    let series = this.series.get(key);
    if (series === undefined) {
      const full = this.series.size >= MAX_SERIES;
      series = (full ? this.series.get('other') : undefined) ?? this.newSeries(info, method, reply.status, full);
      this.series.set(full ? 'other' : key, series);
    }
    series.count++;
    if (series.duration !== undefined) this.durations.observe(series.duration, durationMs / 1000);
    if (series.size !== undefined && 'body' in reply) this.sizes.observe(series.size, reply.body.length);
  }

  private newSeries(info: RequestInfo, method: string, code: number, other: boolean): Series {
    const verb = other ? 'other' : info.isResourceRequest ? verbLabel(info) : method;
    const scope = !info.isResourceRequest
      ? ''
      : info.name !== ''
        ? 'resource'
        : info.namespace !== ''
          ? 'namespace'
          : 'cluster';
    const where = other
      ? 'group="",resource="other",scope="",subresource="",version=""'
      : `group="${esc(info.group)}",resource="${esc(info.resource)}",scope="${scope}",subresource="${esc(info.subresource)}",version="${esc(info.version)}"`;
    const common = `component="apiserver",dry_run="",${where},verb="${esc(verb)}"`;
    return {
      count: 0,
      labels: `code="${code}",${common}`,
      duration: isLongRunning(info.verb, info.subresource) ? undefined : this.durations.seriesOf(common),
      size: isLongRunning(info.verb, info.subresource) ? undefined : this.sizes.seriesOf(common),
    };
  }

  /** Everything in Prometheus text format. */
  async render(): Promise<string> {
    const lines = [
      '# HELP apiserver_request_total Requests answered, by verb, resource, scope and status code.',
      '# TYPE apiserver_request_total counter',
    ];
    for (const s of this.series.values()) lines.push(`apiserver_request_total{${s.labels}} ${s.count}`);
    return `${lines.join('\n')}\n${this.durations.render()}${this.sizes.render()}${await this.registry.metrics()}`;
  }
}

/** The verb label: the method, but LIST and WATCH for collections, as in the reference. */
function verbLabel(info: RequestInfo): string {
  const names: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };
  return names[info.verb] ?? info.verb.toUpperCase();
}

function esc(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
