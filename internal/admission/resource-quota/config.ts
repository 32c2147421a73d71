import type { ScopeRequirement } from './scopes.js';

/** A resource that may be used only where a quota bounds it (LimitedResource of the plugin's configuration). */
export interface LimitedResource {
  readonly apiGroup: string;
  readonly resource: string;
  /** Parts of names of quota resources: what is used and has one of them in its name needs a quota. */
  readonly matchContains: readonly string[];
  /** Scopes: an object that is in one needs a quota with that scope. */
  readonly matchScopes: readonly ScopeRequirement[];
}
