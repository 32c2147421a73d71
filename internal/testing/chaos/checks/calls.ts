import { describe, type History, idOf, type Operation, type Seen, textOf, type Violation } from './history.js';
import { checkLinearizable, type Verdict } from './linearizability.js';
import { type ObjectState, objectModel, type Sightings } from './object-model.js';

/** Lines of evidence for one violation, at most. */
const EVIDENCE_MAX = 60;
/** Steps of each search for a shorter proof, at most. */
const EVIDENCE_STEPS_MAX = 20_000;

export interface CallsVerdict {
  readonly violations: readonly Violation[];
  /** Keys whose search was given up. */
  readonly undecided: readonly string[];
  readonly keys: number;
}

/**
 * Judges the calls on each key by themselves: linearizability is local (Herlihy and Wing 1990, theorem 1). With
 * `allSeen` watches have shown every change, so that a write nobody saw did not happen.
 */
export function checkCalls(history: History, allSeen = false): CallsVerdict {
  const violations: Violation[] = [];
  const undecided: string[] = [];
  const sights = sightsOf(history);
  const byId = versionsOf(sights, violations);
  checkRefused(history, byId, violations);
  const byKey = new Map<string, Operation[]>();
  for (const operation of [...history.operations, ...readsOfListings(history)]) {
    const { kind } = operation.outcome;
    const { request } = operation;
    if (kind === 'refused' || (request.kind === 'get' && kind === 'unknown')) continue;
    if (kind === 'unknown' && allSeen && request.kind !== 'get' && request.kind !== 'delete' && !byId.has(request.id)) {
      continue;
    }
    // A patch may give up after several conflicts with others, an update without revision likewise: nothing was done.
    if (kind === 'conflict' && !('revision' in request && request.revision !== undefined)) continue;
    byKey.set(operation.key, [...(byKey.get(operation.key) ?? []), operation]);
  }
  const previous = previousOf(sights);
  for (const [key, operations] of byKey) {
    const sightings: Sightings = { byId, previous: previous.get(key) ?? new Map<number, number>() };
    const verdict = checkLinearizable<ObjectState, Operation>(operations, objectModel(sightings));
    if (verdict.kind === 'undecided') undecided.push(key);
    if (verdict.kind !== 'violation') continue;
    violations.push({
      property: 'linearizability',
      key,
      text: `the ${operations.length} calls on ${key} fit into no order`,
      evidence: evidenceOf(operations, sightings),
    });
  }
  return { violations, undecided, keys: byKey.size };
}

interface Sight {
  readonly by: string;
  readonly seen: Seen;
}

/** Every sight of a version, from wherever. */
function sightsOf(history: History): Sight[] {
  const sights: Sight[] = [];
  for (const { outcome, key, client } of history.operations) {
    if (outcome.kind !== 'ok' || outcome.content === undefined || outcome.revision === undefined) continue;
    const seen = { key, revision: outcome.revision, uid: outcome.uid ?? '', content: outcome.content };
    sights.push({ by: client, seen });
  }
  for (const { items, client } of history.listings) for (const seen of items) sights.push({ by: client, seen });
  for (const { seen, client } of history.localGets) if (seen !== undefined) sights.push({ by: client, seen });
  for (const { items, name } of history.watches) {
    for (const item of items) {
      // A deletion carries the last version under the deletion's revision.
      if (item.kind === 'event' && item.type !== 'DELETED') sights.push({ by: name, seen: item.seen });
    }
  }
  return sights;
}

/** Which revision each write got, as far as anybody saw; a write with two revisions breaks a promise. */
function versionsOf(sights: readonly Sight[], violations: Violation[]): Sightings['byId'] {
  const sightings = new Map<string, { revision: number; uid: string; by: string; text: string }>();
  for (const { by, seen } of sights) {
    const id = idOf(seen.content);
    const text = textOf(seen.content);
    const before = sightings.get(id);
    if (before === undefined) {
      sightings.set(id, { revision: seen.revision, uid: seen.uid, by, text });
      continue;
    }
    if (before.revision === seen.revision && before.uid === seen.uid && before.text === text) continue;
    violations.push({
      property: 'one revision',
      key: seen.key,
      text: `the version that ${id} wrote was seen as two different ones`,
      evidence: [
        `${before.by}: revision ${before.revision} uid ${before.uid} {${before.text}}`,
        `${by}: revision ${seen.revision} uid ${seen.uid} {${text}}`,
      ],
    });
  }
  return sightings;
}

/** By key: for each revision that was seen the one before it. */
function previousOf(sights: readonly Sight[]): Map<string, Map<number, number>> {
  const revisions = new Map<string, Set<number>>();
  for (const { seen } of sights) {
    const known = revisions.get(seen.key);
    if (known === undefined) revisions.set(seen.key, new Set([seen.revision]));
    else known.add(seen.revision);
  }
  return new Map(
    [...revisions].map(([key, known]) => {
      const sorted = [...known].sort((a, b) => a - b);
      return [key, new Map(sorted.map((revision, i) => [revision, sorted[i - 1] ?? 0]))];
    }),
  );
}

function checkRefused(history: History, versions: Sightings['byId'], violations: Violation[]): void {
  for (const operation of history.operations) {
    const { request, outcome, key } = operation;
    if (outcome.kind !== 'refused' || !('id' in request)) continue;
    const seen = versions.get(request.id);
    if (seen === undefined) continue;
    violations.push({
      property: 'a refused write does not happen',
      key,
      text: `${request.id} was refused, and seen at revision ${seen.revision}`,
      evidence: [describe(operation)],
    });
  }
}

/** A linearizable list reads every key of the run at one moment. */
function readsOfListings(history: History): Operation[] {
  const keys = new Set(history.operations.map((operation) => operation.key));
  const reads: Operation[] = [];
  for (const { local, exact, items, client, begin, end, replica, revision } of history.listings) {
    if (local || exact !== undefined) continue;
    const byKey = new Map(items.map((seen) => [seen.key, seen]));
    for (const key of keys) {
      const seen = byKey.get(key);
      reads.push({
        key,
        client,
        begin,
        end,
        replica,
        request: { kind: 'get' },
        outcome: seen === undefined ? { kind: 'notFound' } : { kind: 'ok', ...seen },
        note: `list at ${revision}`,
      });
    }
  }
  return reads;
}

/** The shortest beginning that fits into no order, without the reads and refusals that do not matter. */
function evidenceOf(operations: readonly Operation[], sightings: Sightings): string[] {
  const fails = (some: readonly Operation[]): Extract<Verdict<Operation>, { kind: 'violation' }> | undefined => {
    const verdict = checkLinearizable<ObjectState, Operation>(some, objectModel(sightings), EVIDENCE_STEPS_MAX);
    return verdict.kind === 'violation' ? verdict : undefined;
  };
  const ends = operations
    .map((operation) => operation.end)
    .filter((end) => Number.isFinite(end))
    .sort((a, b) => a - b);
  // What had not ended by then is open: it may have taken effect or not.
  const beginning = (end: number): Operation[] =>
    operations
      .filter((operation) => operation.begin <= end && (operation.end <= end || operation.request.kind !== 'get'))
      .map((operation) =>
        operation.end <= end ? operation : { ...operation, end: Infinity, outcome: { kind: 'unknown' } },
      );
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fails(beginning(ends[middle] ?? 0)) === undefined) low = middle + 1;
    else high = middle;
  }
  let kept = beginning(ends[low] ?? Infinity);
  const weightless = ({ request, outcome }: Operation): boolean =>
    request.kind === 'get' || !['ok', 'unknown'].includes(outcome.kind);
  const thin = (some: readonly Operation[]): void => {
    if (some.length === 0) return;
    const out = new Set(some);
    const without = kept.filter((operation) => !out.has(operation));
    if (fails(without) !== undefined) kept = without;
    else if (some.length > 1) {
      thin(some.slice(0, some.length >> 1));
      thin(some.slice(some.length >> 1));
    }
  };
  thin(kept.filter(weightless));
  const verdict = fails(kept);
  if (verdict === undefined) return operations.slice(-EVIDENCE_MAX).map(describe);
  const done = new Set(verdict.order);
  const left = kept.filter((operation) => !done.has(operation));
  return [
    ...verdict.order
      .slice(-EVIDENCE_MAX / 2)
      .map((operation, i, all) => `${i + 1}/${all.length} ${describe(operation)}`),
    'of these, none fits next:',
    ...verdict.stuck.slice(0, EVIDENCE_MAX / 2).map(describe),
    ...(left.length > verdict.stuck.length ? [`(${left.length - verdict.stuck.length} more follow)`] : []),
  ];
}
