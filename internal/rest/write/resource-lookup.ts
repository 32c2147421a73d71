import type { ResourceLookup } from '../../admission/types.js';
import { findResourceByKind, resources } from '../../schema/index.js';
import { planOfType } from '../../schema/apply/index.js';
import { isCustom, type ResourceDef } from '../../schema/types.js';
import type { RestDeps } from '../deps.js';
import { toServed } from './decode.js';
import { kindOf } from './target.js';

const lookups = new WeakMap<RestDeps, ResourceLookup>();

/** What admission may ask about resources. One for each `deps`; a change of a definition makes new ResourceDefs. */
export function resourceLookup(deps: RestDeps): ResourceLookup {
  let lookup = lookups.get(deps);
  if (lookup === undefined) lookups.set(deps, (lookup = makeLookup(deps)));
  return lookup;
}

function makeLookup(deps: RestDeps): ResourceLookup {
  const equivalents = new WeakMap<ResourceDef, readonly ResourceDef[]>();
  const find = (def: ResourceDef): readonly ResourceDef[] => {
    const { group, resource } = def.storage;
    const candidates = isCustom(def) ? (deps.versionsOf?.(group, resource) ?? []) : resources;
    return candidates.filter((r) => r !== def && r.storage.group === group && r.storage.resource === resource);
  };
  return {
    equivalents(def) {
      let found = equivalents.get(def);
      if (found === undefined) equivalents.set(def, (found = find(def)));
      return found;
    },
    ofKind: (group, version, kind) => findResourceByKind(group, version, kind) ?? deps.findKind?.(group, version, kind),
    served: (def, stored) => toServed(kindOf(deps, def), stored),
    mergePlan: (def) => (isCustom(def) ? kindOf(deps, def).strategy.fieldPlan : planOfType(def.type)),
  };
}
