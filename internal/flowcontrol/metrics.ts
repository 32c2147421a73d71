import { boundText } from '../machinery/histogram.js';
import type { PriorityAndFairness } from './index.js';
import type { PriorityLevel } from './priority-level.js';
import type { Distribution, Rejection, SchemaStats } from './stats.js';

const PREFIX = 'apiserver_flowcontrol_';
const REJECTIONS: readonly Rejection[] = ['queue-full', 'concurrency-limit', 'time-out', 'cancelled'];
/** Seconds of the milliseconds in which distributions over time are counted. */
const MS = 1e-3;

type Labels = Readonly<Record<string, string>>;
type Row<T> = readonly [labels: Labels, value: T];

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
const shown = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');

function* numbers(type: 'gauge' | 'counter', name: string, help: string, rows: Iterable<Row<number>>) {
  yield `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  for (const [labels, value] of rows) yield `${name}{${shown(labels)}} ${value}\n`;
}

/** `unit` is what one in the distribution's counts stands for; whole numbers are shown in any case. */
function* histogram(name: string, help: string, rows: Iterable<Row<Distribution>>, unit = 1) {
  yield `# HELP ${name} ${help}\n# TYPE ${name} histogram\n`;
  for (const [labels, { bounds, values }] of rows) {
    const own = shown(labels);
    let count = 0;
    const lines: string[] = [];
    const whole = (n: number): number => (unit === 1 ? n : Math.round(n * unit * 1e9));
    bounds.forEach((bound, i) => {
      count += values[i] ?? 0;
      lines.push(`${name}_bucket{${own},le="${boundText(bound)}"} ${whole(count)}\n`);
    });
    count += values[bounds.length] ?? 0;
    const sum = values[bounds.length + 1] ?? 0;
    lines.push(`${name}_bucket{${own},le="+Inf"} ${whole(count)}\n`);
    lines.push(
      `${name}_sum{${own}} ${unit === 1 ? sum : sum * unit * 1e9}\n`,
      `${name}_count{${own}} ${whole(count)}\n`,
    );
    yield lines.join('');
  }
}

/** What priority and fairness does, under kube-apiserver's names and in Prometheus' text format, piece by piece. */
export function* fairnessMetrics(fairness: PriorityAndFairness): Generator<string> {
  const { levels } = fairness;
  yield* seatMetrics(fairness, levels);
  yield* requestMetrics(levels);
  yield* timeMetrics(fairness, levels);
}

function* seatMetrics({ fairFraction }: PriorityAndFairness, levels: readonly PriorityLevel[]): Generator<string> {
  const gauge = (name: string, help: string, read: (level: PriorityLevel) => number) =>
    numbers(
      'gauge',
      PREFIX + name,
      help,
      levels.map((level) => [{ priority_level: level.config.name }, read(level)]),
    );
  yield* gauge('current_r', 'R(now): the progress meter of the level, in seat-seconds.', (l) => l.set.currentR * MS);
  yield* gauge('nominal_limit_seats', 'Seats by the shares of the level.', (l) => l.limits.nominal);
  yield* gauge('lower_limit_seats', 'Fewest seats, when it lends all that it may.', (l) => l.limits.min);
  yield* gauge('upper_limit_seats', 'Most seats, when it borrows all that it may.', (l) => l.limits.max);
  yield* gauge('current_limit_seats', 'Seats that the level has now.', (l) => l.seats);
  yield* gauge('target_seats', 'Seats that the level was to get at the last adjustment.', (l) => l.target);
  yield* gauge(
    'demand_seats_high_watermark',
    'Most seats asked for in the last period.',
    (l) => l.demand.highWatermark,
  );
  yield* gauge('demand_seats_average', 'Average of the seats asked for in the last period.', (l) => l.demand.average);
  yield* gauge('demand_seats_stdev', 'Standard deviation of the same.', (l) => l.demand.deviation);
  yield* gauge('demand_seats_smoothed', 'Smoothed demand for seats.', (l) => l.smoothedDemand);
  yield `# HELP ${PREFIX}seat_fair_frac Fair fraction of the seats that were not reserved, at the last adjustment.\n`;
  yield `# TYPE ${PREFIX}seat_fair_frac gauge\n${PREFIX}seat_fair_frac ${fairFraction}\n`;
}

function* requestMetrics(levels: readonly PriorityLevel[]): Generator<string> {
  const rows = <T>(read: (stats: SchemaStats) => T, more: Labels = {}): Row<T>[] =>
    levels.flatMap((level) =>
      [...level.stats.values()].map((stats): Row<T> => {
        return [{ flow_schema: stats.schema, priority_level: level.config.name, ...more }, read(stats)];
      }),
    );
  const of = (name: string): string => PREFIX + name;
  yield* numbers(
    'counter',
    of('dispatched_requests_total'),
    'Requests that got seats.',
    rows((s) => s.dispatched),
  );
  yield* numbers(
    'counter',
    of('rejected_requests_total'),
    'Requests that got none, by why.',
    REJECTIONS.flatMap((reason) => rows((s) => s.rejected[reason], { reason }).filter(([, count]) => count > 0)),
  );
  yield* numbers(
    'gauge',
    of('current_inqueue_requests'),
    'Requests that wait in queues.',
    rows((s) => s.inQueue),
  );
  yield* numbers(
    'gauge',
    of('current_executing_requests'),
    'Requests that have seats.',
    rows((s) => s.executing),
  );
  yield* numbers(
    'gauge',
    of('current_executing_seats'),
    'Seats that are taken.',
    rows((s) => s.executingSeats),
  );
  yield* numbers(
    'counter',
    of('request_dispatch_no_accommodation_total'),
    'How often the first request of a queue waited on because it needs more seats than were free.',
    rows((s) => s.noAccommodation),
  );
  yield* histogram(
    of('request_queue_length_after_enqueue'),
    'Length of the queue as each request found it, itself included.',
    rows((s) => s.queueLength),
  );
  yield* histogram(of('request_wait_duration_seconds'), 'Time that requests waited in their queue.', [
    ...rows((s) => s.waitedToExecute, { execute: 'true' }),
    ...rows((s) => s.waitedInVain, { execute: 'false' }),
  ]);
  yield* histogram(of('request_execution_seconds'), 'Time that requests had seats; of watches, until they had begun.', [
    ...rows((s) => s.regularSeconds, { type: 'regular' }),
    ...rows((s) => s.watchSeconds, { type: 'watch' }),
  ]);
  yield* histogram(
    of('work_estimated_seats'),
    'Seats that requests were taken to need.',
    rows((s) => s.seats),
  );
  yield* histogram(
    of('watch_count_samples'),
    'Watchers that are told of a write, for each write.',
    rows((s) => s.watchCount),
  );
}

/** How long something was how full: a count for each nanosecond, as in kube-apiserver. */
function* timeMetrics({ counts }: PriorityAndFairness, levels: readonly PriorityLevel[]): Generator<string> {
  const rows = (read: (level: PriorityLevel) => Distribution, more: Labels = {}): Row<Distribution>[] =>
    levels.map((level): Row<Distribution> => [{ ...more, priority_level: level.config.name }, read(level)]);
  yield* histogram(
    `${PREFIX}priority_level_seat_utilization`,
    'Fraction of the seats that was taken, at the end of every nanosecond.',
    rows((l) => l.set.seatUtilization, { phase: 'executing' }),
    MS,
  );
  yield* histogram(
    `${PREFIX}priority_level_request_utilization`,
    'Requests as a fraction of the limit, at the end of every nanosecond.',
    [
      ...rows((l) => l.set.executingUtilization, { phase: 'executing' }),
      ...rows((l) => l.set.waitingUtilization, { phase: 'waiting' }),
    ],
    MS,
  );
  yield* histogram(
    `${PREFIX}demand_seats`,
    'Seats that were asked for as a fraction of the limit, at the end of every nanosecond.',
    rows((l) => l.set.demandRatio),
    MS,
  );
  const kinds = (['mutating', 'readOnly'] as const).flatMap((kind) =>
    (['executing', 'waiting'] as const).map((phase): Row<Distribution> => {
      return [{ phase, request_kind: kind }, counts[kind][phase].utilization];
    }),
  );
  const waiting = 'apiserver_current_inqueue_requests';
  yield `# HELP ${waiting} Requests that wait for a seat, by kind.\n# TYPE ${waiting} gauge\n`;
  for (const kind of ['mutating', 'readOnly'] as const) {
    yield `${waiting}{request_kind="${kind}"} ${counts[kind].waiting.value}\n`;
  }
  yield* histogram(
    `${PREFIX}read_vs_write_current_requests`,
    'Requests as a fraction of the limit, reads and writes apart, at the end of every nanosecond.',
    kinds,
    MS,
  );
}
