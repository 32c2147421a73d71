import { type JsonObject, isObject } from '../../machinery/json.js';
import type { Strategy } from '../types.js';

export const ORPHAN = 'orphan';
export const FOREGROUND = 'foregroundDeletion';

/** What a client says about dependents when it deletes. */
export interface Propagation {
  readonly orphanDependents: boolean | undefined;
  readonly propagationPolicy: string | undefined;
}

function metaOf(obj: JsonObject): JsonObject {
  return isObject(obj['metadata']) ? obj['metadata'] : {};
}

/** The object's finalizers; none when it has no list. */
export function finalizersOf(obj: JsonObject): string[] {
  const list = metaOf(obj)['finalizers'];
  return Array.isArray(list) ? list.filter((f): f is string => typeof f === 'string') : [];
}

function orphans(strategy: Strategy, finalizers: readonly string[], p: Propagation): boolean {
  if (strategy.noGarbageCollection === true) return false;
  if (p.orphanDependents !== undefined) return p.orphanDependents;
  if (p.propagationPolicy !== undefined) return p.propagationPolicy === 'Orphan';
  const own = finalizers.find((f) => f === ORPHAN || f === FOREGROUND);
  if (own !== undefined) return own === ORPHAN;
  return strategy.defaultOrphan === true;
}

function waits(strategy: Strategy, finalizers: readonly string[], p: Propagation): boolean {
  if (strategy.noGarbageCollection === true || p.orphanDependents !== undefined) return false;
  if (p.propagationPolicy !== undefined) return p.propagationPolicy === 'Foreground';
  return finalizers.find((f) => f === ORPHAN || f === FOREGROUND) === FOREGROUND;
}

/**
 * The finalizers that deletion gives the object so that the garbage collector treats its dependents as asked
 * (deletionFinalizersForGarbageCollection); undefined when they are as they are.
 */
export function deletionFinalizers(strategy: Strategy, obj: JsonObject, p: Propagation): string[] | undefined {
  const old = finalizersOf(obj);
  const next = old.filter((f) => f !== ORPHAN && f !== FOREGROUND);
  if (orphans(strategy, old, p)) next.push(ORPHAN);
  if (waits(strategy, old, p)) next.push(FOREGROUND);
  const same = next.length === new Set(old).size && next.every((f) => old.includes(f));
  return same ? undefined : next;
}

/** Puts the finalizers into the metadata; none means no member. */
export function setFinalizers(obj: JsonObject, finalizers: readonly string[]): void {
  const meta = metaOf(obj);
  if (finalizers.length === 0) delete meta['finalizers'];
  else meta['finalizers'] = [...finalizers];
}

function bumpGeneration(meta: JsonObject): void {
  if (typeof meta['generation'] === 'number' && meta['generation'] > 0) meta['generation'] += 1;
}

/** RFC 3339 seconds, `seconds` after `time`. */
function later(time: string, seconds: number): string {
  return `${new Date(Date.parse(time) + seconds * 1000).toISOString().slice(0, 19)}Z`;
}

/** Marks an object that finalizers keep (store.markAsDeleting). */
export function markDeleting(obj: JsonObject, now: string): void {
  const meta = metaOf(obj);
  const at = meta['deletionTimestamp'];
  if (at === undefined) bumpGeneration(meta);
  if (typeof at !== 'string' || Date.parse(at) > Date.parse(now)) meta['deletionTimestamp'] = now;
  meta['deletionGracePeriodSeconds'] = 0;
}

export type Grace =
  /** The kind is not deleted gracefully, or its grace is over. */
  | { readonly kind: 'none' }
  /** Somebody has already asked for a deletion at least as soon. */
  | { readonly kind: 'pending' }
  /** The object was changed: it goes after `seconds`. */
  | { readonly kind: 'begun'; readonly seconds: number };

/** Begins or shortens a graceful deletion (rest.BeforeDelete). Changes `obj`. */
export function beginGrace(strategy: Strategy, obj: JsonObject, requested: number | undefined, now: string): Grace {
  const wanted = requested !== undefined && requested < 0 ? 1 : requested;
  if (strategy.gracePeriodSeconds === undefined) return { kind: 'none' };
  const meta = metaOf(obj);
  const at = meta['deletionTimestamp'];
  if (typeof at === 'string') {
    const current = meta['deletionGracePeriodSeconds'];
    const seconds = typeof current === 'number' && current < 0 ? 1 : current;
    if (typeof seconds !== 'number' || seconds === 0) return { kind: 'none' };
    if (wanted === undefined || wanted >= seconds) return { kind: 'pending' };
    meta['deletionTimestamp'] = later(at, wanted - seconds);
    meta['deletionGracePeriodSeconds'] = wanted;
    return { kind: 'begun', seconds: wanted };
  }
  const seconds = strategy.gracePeriodSeconds(obj, wanted);
  if (seconds === undefined) return { kind: 'none' };
  meta['deletionTimestamp'] = later(now, seconds);
  meta['deletionGracePeriodSeconds'] = seconds;
  bumpGeneration(meta);
  return { kind: 'begun', seconds };
}
