import { describe, type History, type Listing, type Violation, type WatchHistory } from './history.js';
import { lineOf, type Timeline } from './timeline.js';

/**
 * What lists say, and when: a list is the state as of its revision; a linearizable answer is not older than anything that
 * anybody had been shown before it was asked for, on whatever key; one process of a replica never goes back.
 */
export function checkReads(history: History, timeline: Timeline, base: number): Violation[] {
  return [
    ...checkContents(history, timeline, base),
    ...checkFreshness(history, timeline, base),
    ...checkLocalOrder(history.listings),
  ];
}

function checkContents(history: History, timeline: Timeline, base: number): Violation[] {
  const violations: Violation[] = [];
  for (const listing of history.listings) {
    const { revision, items, exact = revision } = listing;
    if (exact !== revision) {
      violations.push({
        property: 'one revision',
        text: `${nameOf(listing)} is not of revision ${exact}, as it was asked for`,
        evidence: [],
      });
    }
    if (!timeline.complete(base, revision)) continue;
    const seen = new Map(items.map((item) => [item.key, item]));
    for (const key of timeline.keys) {
      const version = timeline.asOf(key, revision);
      const wanted = version?.content === undefined ? undefined : version.revision;
      const got = seen.get(key)?.revision;
      if (got === wanted) continue;
      violations.push({
        property: 'one revision',
        key,
        text: `${nameOf(listing)} has ${key} at ${got ?? 'no revision'}`,
        evidence: [version === undefined ? `${key} did not exist by then` : lineOf(version)],
      });
    }
  }
  return violations;
}

/** The highest revision that had been shown to anybody before a time. */
class Shown {
  readonly #times: number[] = [];
  readonly #floors: number[] = [];

  constructor(history: History) {
    const sights: [at: number, revision: number][] = [];
    for (const { outcome, end } of history.operations) {
      if (outcome.kind === 'ok' && outcome.revision !== undefined) sights.push([end, outcome.revision]);
    }
    for (const { end, revision } of history.listings) sights.push([end, revision]);
    for (const { end, seen } of history.localGets) if (seen !== undefined) sights.push([end, seen.revision]);
    for (const { items } of history.watches) {
      for (const item of items) {
        if (item.kind === 'event') sights.push([item.at, item.seen.revision]);
        else if (item.kind === 'bookmark') sights.push([item.at, item.revision]);
      }
    }
    let floor = 0;
    for (const [at, revision] of sights.sort((a, b) => a[0] - b[0])) {
      if (revision <= floor) continue;
      floor = revision;
      this.#times.push(at);
      this.#floors.push(floor);
    }
  }

  before(time: number): number {
    let low = 0;
    let high = this.#times.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return this.#floors[low - 1] ?? 0;
  }
}

function checkFreshness(history: History, timeline: Timeline, base: number): Violation[] {
  const violations: Violation[] = [];
  const shown = new Shown(history);
  for (const listing of history.listings) {
    const floor = shown.before(listing.begin);
    if (listing.local || listing.exact !== undefined || listing.revision >= floor) continue;
    violations.push({
      property: 'linearizability',
      text: `${nameOf(listing)} is stale: revision ${floor} had been shown before it was asked for`,
      evidence: [],
    });
  }
  for (const watch of history.watches) violations.push(...checkBeginnings(watch, shown));
  for (const operation of history.operations) {
    const { outcome, request, key, begin } = operation;
    if (outcome.kind !== 'ok') continue;
    const floor = shown.before(begin);
    if (request.kind === 'get') {
      const next = timeline.next(key, outcome.revision ?? base);
      if (next === undefined || next.revision > floor) continue;
      violations.push({
        property: 'linearizability',
        key,
        text: `a stale read: revision ${floor} had been shown before it was asked for`,
        evidence: [describe(operation), `overwritten by ${lineOf(next)}`],
      });
    } else if (outcome.revision !== undefined && outcome.revision <= floor) {
      violations.push({
        property: 'linearizability',
        key,
        text: `a write got revision ${outcome.revision}, although ${floor} had been shown before it was asked for`,
        evidence: [describe(operation)],
      });
    }
  }
  return violations;
}

/** A watch that begins with the state begins with one as new as a list's. */
function checkBeginnings(watch: WatchHistory, shown: Shown): Violation[] {
  const violations: Violation[] = [];
  let asked: number | undefined;
  let replica = '';
  for (const item of watch.items) {
    if (item.kind === 'open') {
      asked = item.initial ? item.asked : undefined;
      replica = item.replica;
    }
    if (item.kind !== 'bookmark' || !item.initialEnd || asked === undefined) continue;
    const floor = shown.before(asked);
    if (item.revision < floor) {
      violations.push({
        property: 'linearizability',
        text: `${watch.name} began at ${replica} with the state as of ${item.revision}, but ${floor} had been shown before`,
        evidence: [`asked for at ${asked.toFixed(1)}, complete at ${item.at.toFixed(1)}`],
      });
    }
    asked = undefined;
  }
  return violations;
}

function checkLocalOrder(listings: readonly Listing[]): Violation[] {
  const violations: Violation[] = [];
  const byProcess = new Map<string, Listing[]>();
  for (const listing of listings) {
    if (listing.exact !== undefined) continue;
    const process = `${listing.replica}/${listing.boot}`;
    byProcess.set(process, [...(byProcess.get(process) ?? []), listing]);
  }
  for (const group of byProcess.values()) {
    const byEnd = [...group].sort((a, b) => a.end - b.end);
    let ended = 0;
    let newest: Listing | undefined;
    for (const listing of [...group].sort((a, b) => a.begin - b.begin)) {
      for (let next = byEnd[ended]; next !== undefined && next.end < listing.begin; next = byEnd[++ended]) {
        if (newest === undefined || next.revision > newest.revision) newest = next;
      }
      if (newest === undefined || listing.revision >= newest.revision) continue;
      violations.push({
        property: 'one revision',
        text: `${nameOf(listing)} went back in time`,
        evidence: [`before it, ${nameOf(newest)}`],
      });
    }
  }
  return violations;
}

function nameOf({ client, replica, local, revision, begin, end }: Listing): string {
  return `the ${local ? 'local ' : ''}list of ${client} at ${replica} (${begin.toFixed(1)}..${end.toFixed(1)}) as of ${revision}`;
}
