import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';
import { admissionDurations } from '../admission/durations.js';
import { authLatency } from '../auth/latency.js';
import { tokenUseMetrics } from '../auth/token-uses.js';
import { authMetrics } from '../auth/metrics.js';
import { policyMetrics } from '../admission/policies/metrics.js';
import { customResourceMetrics } from '../registry/custom/metrics.js';
import { x509FaultMetrics } from '../callout/x509-faults.js';
import { deprecatedRequests } from '../rest/deprecated-requests.js';
import type { Route } from '../rest/route.js';
import type { HandlerReply, RequestInfo } from '../rest/types.js';
import { findResource } from '../schema/resources.js';
import type { ResourceDef } from '../schema/types.js';
import { Histograms } from '../machinery/histogram.js';
import { constantMetrics } from './constant-metrics.js';
import { featureMetrics } from './feature-metrics.js';
import { isLongRunning } from './in-flight.js';
import { LongRunning, scopeOf } from './long-running.js';
import { VERSION } from './version.js';

/** kube-apiserver's buckets for request durations, in seconds. */
const DURATION_BUCKETS = [
  0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45, 60,
];
/** Those of what counts for a promise of service: without the wait for a seat. */
const SLI_BUCKETS = DURATION_BUCKETS.filter((seconds) => seconds >= 0.05);
/** kube-apiserver's buckets for response sizes, in bytes. */
const SIZE_BUCKETS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/** Label sets of requests that are kept; what comes beyond is counted together under the resource `other`. */
const MAX_SERIES = 5000;
/** Bytes that they may take in the answer; beyond it as beyond MAX_SERIES. */
const MAX_BYTES = 32 * 1024 * 1024;
/** Bytes that are rendered in one turn of the event loop. */
const SLICE_BYTES = 256 * 1024;
/** Methods with a label of their own, as in kube-apiserver; every other one is `OTHER`. */
const METHODS = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE']);
const OTHER = 'other';

/** The resource with this plural name, when it is served. */
export type FindResource = (group: string, version: string, plural: string) => ResourceDef | undefined;

/** The series of one label set, found once per kind of request. */
interface Series {
  count: number;
  /** Of them those that the server gave up in its own defence. */
  terminations: number;
  readonly labels: string;
  /** Its labels among those that are long-running; '' where it is none. */
  readonly longRunning: string;
  readonly sli: Float64Array | undefined;
  readonly duration: Float64Array | undefined;
  readonly size: Float64Array | undefined;
}

/** Counts and durations of requests under kube-apiserver's metric names. */
export class RequestMetrics {
  readonly registry = new Registry();
  private readonly series = new Map<string, Series>();
  /** The same by what requests have in common, and then by `statusAndScope`. */
  private readonly ofRoute = new Map<Route, Map<number, Series>>();
  private seriesBytes = 0;
  private readonly durations = new Histograms(
    'apiserver_request_duration_seconds',
    'Seconds from the arrival of a request to its answer, by verb, resource and scope. Long-running requests are left out.',
    DURATION_BUCKETS,
  );
  private readonly sliDurations = new Histograms(
    'apiserver_request_sli_duration_seconds',
    'Response latency distribution (not counting webhook duration and priority & fairness queue wait times) in seconds for each verb, group, version, resource, subresource, scope and component.',
    SLI_BUCKETS,
  );
  private readonly longRunning = new LongRunning();
  private readonly sizes = new Histograms(
    'apiserver_response_sizes',
    'Bytes of the answers to requests.',
    SIZE_BUCKETS,
  );

  /**
   * Only resources that are served become labels: every other name is a client's text. `custom` finds those that are not
   * built in.
   */
  constructor(private readonly custom: FindResource) {
    collectDefaultMetrics({ register: this.registry });
    featureMetrics(this.registry);
    for (const metric of [...policyMetrics, ...authMetrics.all, ...customResourceMetrics])
      this.registry.registerMetric(metric);
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
      scrub: { passes: number; rows: number; lastRows: number; lastSeconds: number };
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
      'quorate_store_scrub_passes',
      'How often the whole state was read and checked in the background since the start of this replica.',
      () => read().scrub.passes,
    );
    this.gauge(
      'quorate_store_scrub_rows',
      'Rows read by the background check of the state that is under way; 0 between two.',
      () => read().scrub.rows,
    );
    this.gauge(
      'quorate_store_scrub_last_rows',
      'Rows read by the last whole background check of the state.',
      () => read().scrub.lastRows,
    );
    this.gauge(
      'quorate_store_scrub_last_duration_seconds',
      'How long the last whole background check of the state took.',
      () => read().scrub.lastSeconds,
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
  watchInFlight(read: () => { readonly readOnly: number; readonly mutating: number }): void {
    new Gauge({
      name: 'apiserver_current_inflight_requests',
      help: 'Requests being handled now, long-running ones left out, by kind.',
      labelNames: ['request_kind'],
      registers: [this.registry],
      collect() {
        const { readOnly, mutating } = read();
        this.set({ request_kind: 'readOnly' }, readOnly);
        this.set({ request_kind: 'mutating' }, mutating);
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

  /** What somebody else shows, in Prometheus text format, read when it is asked for; it takes the place of what was there. */
  others: () => Iterable<string> = () => [];

  /**
   * Records one answered request; `durationMs` from arrival to answer, `waitedMs` for a seat; `isTerminated` where the server
   * gave it up in its own defence. Of one that is long-running and goes on, the function that is returned is to be called
   * once when it is over.
   */
  observe(
    info: RequestInfo,
    method: string,
    reply: HandlerReply,
    durationMs: number,
    waitedMs = 0,
    isTerminated = false,
  ): (() => void) | undefined {
    const series = this.seriesOf(info, method, reply.status);
    series.count++;
    if (isTerminated) series.terminations++;
    if (series.duration !== undefined) this.durations.observe(series.duration, durationMs / 1000);
    if (series.sli !== undefined) this.sliDurations.observe(series.sli, (durationMs - waitedMs) / 1000);
    if (series.size !== undefined && 'body' in reply) this.sizes.observe(series.size, reply.body.length);
    return series.longRunning !== '' && 'stream' in reply ? this.longRunning.begin(series.longRunning) : undefined;
  }

  private isServed({ group, version, resource, subresource }: RequestInfo): boolean {
    const def = findResource(group, version, resource) ?? this.custom(group, version, resource);
    return def !== undefined && (subresource === '' || def.subresources.some((s) => s.name === subresource));
  }

  private seriesOf(info: RequestInfo, method: string, code: number): Series {
    const { route } = info;
    const place = statusAndScope(info, code);
    const known = route === undefined ? undefined : this.ofRoute.get(route)?.get(place);
    if (known !== undefined) return known;
    const key = info.isResourceRequest
      ? `${info.group}/${info.version}/${info.resource}/${info.subresource}/${info.verb}/${place}`
      : `${method}/${code}`;
    const series = this.series.get(key);
    if (series === undefined) return this.unseen(key, info, method, code);
    // What is counted under `other` may be served later.
    if (route !== undefined) {
      const places = this.ofRoute.get(route);
      if (places === undefined) this.ofRoute.set(route, new Map([[place, series]]));
      else places.set(place, series);
    }
    return series;
  }

  /** The series of a request of a kind that has not been seen before. */
  private unseen(key: string, info: RequestInfo, method: string, code: number): Series {
    const isKnown = info.isResourceRequest ? this.isServed(info) : METHODS.has(method);
    const other = !isKnown || this.series.size >= MAX_SERIES || this.seriesBytes >= MAX_BYTES;
    const verb = METHODS.has(method) ? method : 'OTHER';
    const kept = other ? `${OTHER}/${verb}/${code}` : key;
    let series = this.series.get(kept);
    if (series === undefined) {
      series = this.newSeries(info, verb, code, other);
      this.series.set(kept, series);
    }
    return series;
  }

  private newSeries(info: RequestInfo, method: string, code: number, other: boolean): Series {
    const verb = !other && info.isResourceRequest ? verbLabel(info) : method;
    const scope = scopeOf(info);
    const where = other
      ? `group="",resource="${OTHER}",scope="",subresource="",version=""`
      : `group="${esc(info.group)}",resource="${esc(info.resource)}",scope="${scope}",subresource="${esc(info.subresource)}",version="${esc(info.version)}"`;
    const common = `component="apiserver",dry_run="",${where},verb="${esc(verb)}"`;
    const bytes = this.durations.bytesOf(common) + this.sliDurations.bytesOf(common) + this.sizes.bytesOf(common);
    this.seriesBytes += 2 * common.length + bytes;
    const isLong = info.isResourceRequest && isLongRunning(info);
    return {
      count: 0,
      terminations: 0,
      labels: `code="${code}",${common}`,
      longRunning: isLong ? `component="apiserver",${where},verb="${esc(verb)}"` : '',
      duration: isLong ? undefined : this.durations.seriesOf(common),
      sli: isLong ? undefined : this.sliDurations.seriesOf(common),
      size: isLong ? undefined : this.sizes.seriesOf(common),
    };
  }

  /** Everything in Prometheus text format. It is made in slices: other requests are answered in between. */
  async render(): Promise<Buffer> {
    const slices: Buffer[] = [];
    let slice = '';
    for (const piece of this.pieces()) {
      slice += piece;
      if (slice.length < SLICE_BYTES) continue;
      slices.push(Buffer.from(slice));
      slice = '';
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
    slices.push(Buffer.from(slice), Buffer.from(await this.registry.metrics()));
    return Buffer.concat(slices);
  }

  private *pieces(): Generator<string> {
    yield '# HELP apiserver_request_total Requests answered, by verb, resource, scope and status code.\n';
    yield '# TYPE apiserver_request_total counter\n';
    for (const s of this.series.values()) yield `apiserver_request_total{${s.labels}} ${s.count}\n`;
    yield '# HELP apiserver_request_terminations_total Number of requests which apiserver terminated in self-defense.\n';
    yield '# TYPE apiserver_request_terminations_total counter\n';
    for (const s of this.series.values()) {
      if (s.terminations > 0) yield `apiserver_request_terminations_total{${s.labels}} ${s.terminations}\n`;
    }
    yield* this.durations.render();
    yield* this.sliDurations.render();
    yield* this.sizes.render();
    yield* this.longRunning.render();
    yield* authLatency.render();
    yield* tokenUseMetrics();
    yield* admissionDurations();
    yield* deprecatedRequests();
    yield* x509FaultMetrics();
    yield constantMetrics;
    yield* this.others();
  }
}

/** What beside its route decides where a request is counted. */
const statusAndScope = ({ name, namespace }: RequestInfo, code: number): number =>
  code * 4 + (name === '' ? 0 : 1) + (namespace === '' ? 0 : 2);

/** The verb label: the method, but LIST and WATCH for collections, as in kube-apiserver. */
function verbLabel(info: RequestInfo): string {
  const names: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };
  return names[info.verb] ?? info.verb.toUpperCase();
}

function esc(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
