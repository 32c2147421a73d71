import type { JsonObject } from '../../../machinery/json.js';
import type { AdmissionAttributes, ObjectReader } from '../../types.js';
import type { Amounts } from '../amounts.js';
import type { ScopeRequirement } from '../scopes.js';

/** How objects of one resource count against quotas (quota.Evaluator). */
export interface Evaluator {
  /** Whether a request can change what is used. */
  handles(a: AdmissionAttributes): boolean;
  /** Of the names in a quota those that these objects use. */
  matching(names: Iterable<string>, reader: ObjectReader): string[];
  /** Whether the object is in a scope. Undefined: a quota with scopes never counts these objects. */
  readonly inScope: ((requirement: ScopeRequirement, object: JsonObject) => boolean) | undefined;
  /** What of the resources of a quota the object must say and does not, as a message. */
  constraints?(resources: readonly string[], object: JsonObject): string | undefined;
  /** What the object uses. */
  usage(object: JsonObject, namespace: string, reader: ObjectReader): Amounts;
}
