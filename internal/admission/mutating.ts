import type { JsonObject } from '../machinery/json.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, Operation } from './types.js';

/** Which writes a plugin is for: operations on the main resource of these plurals of one group. */
export interface Interest {
  readonly operations: readonly Operation[];
  readonly group: string;
  readonly resources: readonly string[];
}

/** A plugin that changes objects of a few resources. */
export function mutating(
  name: string,
  interest: Interest,
  change: (ctx: AdmissionContext, object: JsonObject, a: AdmissionAttributes) => void,
): AdmissionPlugin {
  return {
    name,
    handles: (operation) => interest.operations.includes(operation),
    admit(ctx, a) {
      if (a.object === undefined || a.subresource !== '') return;
      if (a.def.storage.group !== interest.group || !interest.resources.includes(a.def.storage.resource)) return;
      change(ctx, a.object, a);
    },
  };
}
