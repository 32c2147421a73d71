import { child, children, str, strings } from '../../machinery/access.js';
import { deepEqual } from '../../machinery/equal.js';
import type { JsonObject } from '../../machinery/json.js';
import { namesOf } from '../../extensions/definition.js';

interface Condition {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
}

const LAST = 'lastTransitionTime';

/** Sets a condition; its time moves only when its status does. */
function setCondition(status: JsonObject, type: string, wanted: Condition, now: string): void {
  const list = children(status, 'conditions');
  const have = list.find((c) => str(c, 'type') === type);
  const time = str(have, 'status') === wanted.status ? (have?.[LAST] ?? now) : now;
  const next: JsonObject = {
    type,
    status: wanted.status,
    [LAST]: time,
    reason: wanted.reason,
    message: wanted.message,
  };
  status['conditions'] = have === undefined ? [...list, next] : list.map((c) => (c === have ? next : c));
}

/** The names that definitions have, by group. Who has several names of one kind counts once for each. */
export class NamesInUse {
  readonly #resources = new Map<string, Set<string>>();
  readonly #kinds = new Map<string, Set<string>>();

  constructor(definitions: Iterable<JsonObject>) {
    for (const definition of definitions) {
      const owner = str(child(definition, 'metadata'), 'name');
      const group = str(child(definition, 'spec'), 'group');
      const names = child(child(definition, 'status'), 'acceptedNames');
      const resources = [str(names, 'plural'), str(names, 'singular'), ...strings(names, 'shortNames')];
      for (const name of resources) note(this.#resources, group, name, owner);
      for (const name of [str(names, 'kind'), str(names, 'listKind')]) note(this.#kinds, group, name, owner);
    }
  }

  /** Whether another definition of the group than `owner` has the name of a resource. */
  hasResource(group: string, name: string, owner: string): boolean {
    return hasOther(this.#resources, group, name, owner);
  }

  /** The same for the name of a kind. */
  hasKind(group: string, name: string, owner: string): boolean {
    return hasOther(this.#kinds, group, name, owner);
  }
}

type Owners = Map<string, Set<string>>;
const keyOf = (group: string, name: string): string => `${group}/${name}`;

function note(owners: Owners, group: string, name: string, owner: string): void {
  if (name === '') return;
  const known = owners.get(keyOf(group, name));
  if (known === undefined) owners.set(keyOf(group, name), new Set([owner]));
  else known.add(owner);
}

function hasOther(owners: Owners, group: string, name: string, owner: string): boolean {
  const known = owners.get(keyOf(group, name));
  return known !== undefined && known.size > (known.has(owner) ? 1 : 0);
}

/**
 * The status that a definition should have beside the others: which names are accepted, and whether it may be served
 * (apiextensions' naming and establishing controllers). The argument is not changed; undefined when nothing changes.
 */
export function namedStatus(definition: JsonObject, inUse: NamesInUse, now: string): JsonObject | undefined {
  const spec = child(definition, 'spec');
  const wanted = namesOf(child(spec, 'names'));
  const status: JsonObject = structuredClone(child(definition, 'status')) ?? {};
  const have = child(status, 'acceptedNames') ?? {};
  const group = str(spec, 'group');
  const owner = str(child(definition, 'metadata'), 'name');
  const isTaken = (name: string): boolean => inUse.hasResource(group, name, owner);
  const isKindTaken = (name: string): boolean => inUse.hasKind(group, name, owner);
  const accepted: JsonObject = { ...have };
  let conflict: Condition | undefined;
  const accept = (field: string, reason: string, value: string, taken: (name: string) => boolean): void => {
    if (!taken(value)) accepted[field] = value;
    else conflict = { status: 'False', reason, message: `${JSON.stringify(value)} is already in use` };
  };
  accept('plural', 'PluralConflict', wanted.plural, isTaken);
  accept('singular', 'SingularConflict', wanted.singular, isTaken);
  const short = wanted.shortNames.filter(isTaken);
  if (short.length > 0) {
    const message = short.map((n) => `${JSON.stringify(n)} is already in use`).join(', ');
    conflict = { status: 'False', reason: 'ShortNamesConflict', message: short.length > 1 ? `[${message}]` : message };
  } else if (wanted.shortNames.length > 0) accepted['shortNames'] = [...wanted.shortNames];
  else delete accepted['shortNames'];
  accept('kind', 'KindConflict', wanted.kind, isKindTaken);
  accept('listKind', 'ListKindConflict', wanted.listKind, isKindTaken);
  if (wanted.categories.length > 0) accepted['categories'] = [...wanted.categories];
  else delete accepted['categories'];
  status['acceptedNames'] = accepted;
  setCondition(
    status,
    'NamesAccepted',
    conflict ?? { status: 'True', reason: 'NoConflicts', message: 'no conflicts found' },
    now,
  );
  const established = children(status, 'conditions').some(
    (c) => str(c, 'type') === 'Established' && str(c, 'status') === 'True',
  );
  // What was established stays so: only the new names are not.
  if (!established) {
    setCondition(
      status,
      'Established',
      conflict === undefined
        ? { status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
        : { status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' },
      now,
    );
  }
  if (strings(status, 'storedVersions').length === 0) {
    const storage = children(spec, 'versions').find((v) => v['storage'] === true);
    status['storedVersions'] = [str(storage, 'name')];
  }
  return deepEqual(status, child(definition, 'status') ?? {}) ? undefined : status;
}
