import { Breath, BREATH_STEPS } from '../../machinery/breathe.js';
import type { Flow } from '../../machinery/flow.js';
import type { JsonObject } from '../../machinery/json.js';
import { type Comparison, compare } from './compare.js';
import { difference, EMPTY, type FieldSet, intersection, isEmpty, union } from './fieldset.js';
import type { Manager, Managers } from './managed.js';
import type { Plan } from './plan.js';
import type { ResetFilter } from './reset.js';

/** An object in one of its versions, with the plan of that version's type. */
export interface Versioned {
  readonly obj: JsonObject;
  readonly plan: Plan;
}
/** The object in another version; undefined when that version is not known. */
export type Convert = (of: Versioned, apiVersion: string) => Versioned | undefined;

/** Fields that one manager owns and the write would change. */
export interface Conflict {
  readonly manager: Manager;
  readonly fields: FieldSet;
}
/** By manager identity. */
export type Conflicts = ReadonlyMap<string, Conflict>;

/** One write, as far as ownership is concerned. */
export interface Write {
  readonly before: Versioned;
  readonly after: Versioned;
  readonly apiVersion: string;
  readonly filter: ResetFilter;
  readonly convert: Convert;
}

/** Waited for between two stages of work on a large object; undefined where all is done in one turn. */
export type Rest = (() => Promise<unknown>) | undefined;

/**
 * Takes the fields that the write changes or removes away from every manager but `self`, and answers what changed.
 * When `conflicts` is given nothing is taken if a manager owns a changed field: the conflicts are put there instead.
 */
export function* takeOwnership(
  write: Write,
  managers: Managers,
  self: string | undefined,
  conflicts: Map<string, Conflict> | undefined,
  rest: Rest,
): Flow<Comparison> {
  const compared = compare(write.after.plan, write.before.obj, write.after.obj);
  if (rest !== undefined) yield rest();
  const own = filtered(compared, write.filter);
  const byVersion = new Map<string, Comparison | undefined>([[write.apiVersion, own]]);
  const next = new Map<string, Manager>();
  const breath = rest === undefined ? undefined : new Breath();
  for (const [id, manager] of managers) {
    if (id === self) continue;
    if (breath?.isDue(BREATH_STEPS) === true) yield breath.rest();
    if (!byVersion.has(manager.apiVersion)) byVersion.set(manager.apiVersion, compareIn(write, manager.apiVersion));
    const seen = byVersion.get(manager.apiVersion);
    if (seen === undefined) {
      managers.delete(id);
      continue;
    }
    const taken = intersection(manager.set, seen.changed);
    if (conflicts !== undefined && !isEmpty(taken)) conflicts.set(id, { manager, fields: taken });
    if (breath?.isDue(BREATH_STEPS) === true) yield breath.rest();
    const set = difference(difference(manager.set, taken), seen.removed);
    if (set !== manager.set) next.set(id, { ...manager, set });
  }
  if (conflicts === undefined || conflicts.size === 0) {
    for (const [id, manager] of next) {
      if (isEmpty(manager.set)) managers.delete(id);
      else managers.set(id, manager);
    }
    if (self !== undefined && isEmpty(managers.get(self)?.set ?? EMPTY)) managers.delete(self);
  }
  return own;
}

function compareIn(write: Write, apiVersion: string): Comparison | undefined {
  const before = write.convert(write.before, apiVersion);
  const after = before === undefined ? undefined : write.convert(write.after, apiVersion);
  if (before === undefined || after === undefined) return undefined;
  return filtered(compare(after.plan, before.obj, after.obj), write.filter);
}

const filtered = (c: Comparison, filter: ResetFilter): Comparison => ({
  changed: filter(c.changed),
  removed: filter(c.removed),
  unkeyed: c.unkeyed,
});

/** All fields that any of the managers of one version owns. */
export function ownedBy(managers: Managers, apiVersion: string): FieldSet {
  let all = EMPTY;
  for (const m of managers.values()) if (m.apiVersion === apiVersion) all = union(all, m.set);
  return all;
}
