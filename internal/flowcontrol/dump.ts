import { performance } from 'node:perf_hooks';
import { pageNotFound } from '../rest/not-served.js';
import type { ApiRequest, BytesReply } from '../rest/types.js';
import type { PriorityAndFairness } from './index.js';
import type { PriorityLevel } from './priority-level.js';
import type { Ticket } from './queue.js';
import type { Rejection } from './stats.js';

const BASE = '/debug/api_priority_and_fairness/';
/** Narrowest column, and the blanks behind its widest cell (Go's tabwriter, as kube-apiserver sets it). */
const MIN_WIDTH = 8;
const PADDING = 1;
/** The time of what has not happened, as Go shows it. */
const NEVER = '0001-01-01T00:00:00Z';

/** `/debug/api_priority_and_fairness/dump_*`: levels, queues and requests as tables; undefined for what is no such path. */
export function dumpFairness(fairness: PriorityAndFairness | undefined, request: ApiRequest): BytesReply | undefined {
  if (!request.path.startsWith(BASE)) return undefined;
  if (fairness === undefined) return pageNotFound();
  const { levels } = fairness;
  switch (request.path.slice(BASE.length)) {
    case 'dump_priority_levels':
      return table(levelRows(levels));
    case 'dump_queues':
      return table(queueRows(levels));
    case 'dump_requests':
      return table(requestRows(levels, (request.query.get('includeRequestDetails') ?? '') !== ''));
    default:
      return pageNotFound();
  }
}

function table(rows: readonly (readonly string[])[]): BytesReply {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? MIN_WIDTH, cell.length + 1 + PADDING);
  }
  const lines = rows.map((row) =>
    row.map((cell, i) => (i === row.length - 1 ? cell : `${cell},`.padEnd(widths[i] ?? 0))).join(''),
  );
  return { status: 200, contentType: 'text/plain; charset=utf-8', body: `${lines.join('\n')}\n` };
}

function levelRows(levels: readonly PriorityLevel[]): string[][] {
  const rejected = (level: PriorityLevel, ...reasons: Rejection[]): number =>
    [...level.stats.values()].reduce((sum, s) => sum + reasons.reduce((n, reason) => n + s.rejected[reason], 0), 0);
  return [
    [
      'PriorityLevelName',
      'ActiveQueues',
      'IsIdle',
      'IsQuiescing',
      'WaitingRequests',
      'ExecutingRequests',
      'DispatchedRequests',
      'RejectedRequests',
      'TimedoutRequests',
      'CancelledRequests',
    ],
    ...levels.map((level) => {
      const { set } = level;
      return [
        level.config.name,
        String(set.queues.filter((queue) => queue.waiting.length > 0).length),
        String(set.isIdle),
        String(level.quiescing),
        String(set.waiting),
        String(set.executing),
        String([...level.stats.values()].reduce((sum, s) => sum + s.dispatched, 0)),
        String(rejected(level, 'queue-full', 'concurrency-limit')),
        String(rejected(level, 'time-out')),
        String(rejected(level, 'cancelled')),
      ];
    }),
  ];
}

/** Work in seat-seconds, as kube-apiserver prints it. */
const seatSeconds = (ms: number): string => `${(ms / 1000).toFixed(8)}ss`;

function queueRows(levels: readonly PriorityLevel[]): string[][] {
  return [
    [
      'PriorityLevelName',
      'Index',
      'PendingRequests',
      'ExecutingRequests',
      'SeatsInUse',
      'NextDispatchR',
      'InitialSeatsSum',
      'MaxSeatsSum',
      'TotalWorkSum',
    ],
    ...levels.flatMap(({ config, set }) =>
      set.queues.map((queue) => {
        const sum = (of: (ticket: Ticket) => number): number => queue.waiting.reduce((n, ticket) => n + of(ticket), 0);
        return [
          config.name,
          String(queue.index),
          String(queue.waiting.length),
          String(queue.executing),
          String(queue.seats),
          seatSeconds(queue.nextR),
          String(sum((t) => t.estimate.seats)),
          String(sum((t) => t.maxSeats)),
          seatSeconds(sum((t) => t.work)),
        ];
      }),
    ),
  ];
}

const DETAILS = ['UserName', 'Verb', 'APIPath', 'Namespace', 'Name', 'APIVersion', 'Resource', 'SubResource'];

function requestRows(levels: readonly PriorityLevel[], withDetails: boolean): string[][] {
  const wall = Date.now() - performance.now();
  const time = (at: number): string => (at === 0 ? NEVER : new Date(wall + at).toISOString());
  const row = (level: PriorityLevel, ticket: Ticket, queue: number, place: number): string[] => {
    const { flow, estimate, arrived, startedAt } = ticket;
    const basic = [
      level.config.name,
      flow.schema.name,
      String(queue),
      String(place),
      flow.distinguisher,
      time(arrived),
      String(estimate.seats),
      String(estimate.finalSeats),
      `${estimate.extraMs}${estimate.extraMs === 0 ? 's' : 'ms'}`,
      time(startedAt),
    ];
    if (!withDetails) return basic;
    const { username, verb, path, namespace, name, groupVersion, resource, subresource } = ticket.details();
    return [...basic, username, verb, path, namespace, name, groupVersion, resource, subresource];
  };
  return [
    [
      'PriorityLevelName',
      'FlowSchemaName',
      'QueueIndex',
      'RequestIndexInQueue',
      'FlowDistingsher',
      'ArriveTime',
      'InitialSeats',
      'FinalSeats',
      'AdditionalLatency',
      'StartTime',
      ...(withDetails ? DETAILS : []),
    ],
    ...levels.flatMap((level) => [
      ...[...level.set.tickets].map((ticket) => row(level, ticket, -1, -1)),
      ...level.set.queues.flatMap((queue) =>
        queue.waiting.map((ticket, place) => row(level, ticket, queue.index, place)),
      ),
    ]),
  ];
}
