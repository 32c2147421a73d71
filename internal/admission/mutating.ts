import type { JsonObject } from '../machinery/json.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, Operation } from './types.js';

type Change = (ctx: AdmissionContext, object: JsonObject, a: AdmissionAttributes) => void;

/** What a plugin does to objects of one resource: the resource's group and plural as stored, and the change. */
export interface Interest {
  readonly group: string;
  readonly resource: string;
  readonly change: Change;
}

/** A plugin that changes objects of a few resources, not of their subresources. */
export function mutating(
  name: string,
  operations: readonly Operation[],
  ...interests: readonly Interest[]
): AdmissionPlugin {
  return {
    name,
    handles: (operation) => operations.includes(operation),
    admit(ctx, a) {
      if (a.object === undefined || a.subresource !== '') return;
      const { group, resource } = a.def.storage;
      for (const interest of interests) {
        if (interest.resource === resource && interest.group === group) interest.change(ctx, a.object, a);
      }
    },
  };
}
