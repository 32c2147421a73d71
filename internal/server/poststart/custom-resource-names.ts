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
  const time = have !== undefined && str(have, 'status') === wanted.status ? (have[LAST] ?? now) : now;
  const next: JsonObject = {
    type,
    status: wanted.status,
    [LAST]: time,
    reason: wanted.reason,
    message: wanted.message,
  };
  status['conditions'] = have === undefined ? [...list, next] : list.map((c) => (c === have ? next : c));
}

/** The names that other definitions of the group have. */
interface Taken {
  readonly resources: ReadonlySet<string>;
  readonly kinds: ReadonlySet<string>;
}

function takenBy(others: readonly JsonObject[], group: string): Taken {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of others) {
    if (str(child(other, 'spec'), 'group') !== group) continue;
    const names = child(child(other, 'status'), 'acceptedNames');
    for (const n of [str(names, 'plural'), str(names, 'singular'), ...strings(names, 'shortNames')]) resources.add(n);
    for (const k of [str(names, 'kind'), str(names, 'listKind')]) kinds.add(k);
  }
  resources.delete('');
  kinds.delete('');
  return { resources, kinds };
}

/**
 * The status that a definition should have beside the others: which names are accepted, and whether it may be served
 * (apiextensions' naming and establishing controllers). The argument is not changed; undefined when nothing changes.
 */
export function namedStatus(
  definition: JsonObject,
  others: readonly JsonObject[],
  now: string,
): JsonObject | undefined {
  const spec = child(definition, 'spec');
  const wanted = namesOf(child(spec, 'names'));
  const status: JsonObject = structuredClone(child(definition, 'status')) ?? {};
  const have = child(status, 'acceptedNames') ?? {};
  const { resources, kinds } = takenBy(others, str(spec, 'group'));
  const accepted: JsonObject = { ...have };
  let conflict: Condition | undefined;
  const accept = (field: string, reason: string, value: string, taken: ReadonlySet<string>): void => {
    if (!taken.has(value)) accepted[field] = value;
    else conflict = { status: 'False', reason, message: `${JSON.stringify(value)} is already in use` };
  };
  accept('plural', 'PluralConflict', wanted.plural, resources);
  accept('singular', 'SingularConflict', wanted.singular, resources);
  const short = wanted.shortNames.filter((n) => resources.has(n));
  if (short.length > 0) {
    const message = short.map((n) => `${JSON.stringify(n)} is already in use`).join(', ');
    conflict = { status: 'False', reason: 'ShortNamesConflict', message: short.length > 1 ? `[${message}]` : message };
  } else if (wanted.shortNames.length > 0) accepted['shortNames'] = [...wanted.shortNames];
  else delete accepted['shortNames'];
  accept('kind', 'KindConflict', wanted.kind, kinds);
  accept('listKind', 'ListKindConflict', wanted.listKind, kinds);
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
