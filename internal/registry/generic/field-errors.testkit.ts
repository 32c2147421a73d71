import { assert } from '../../machinery/assert.js';
import { errorText } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { findResource } from '../../schema/index.js';
import type { Backend } from '../../store/types.js';
import { strategyFor } from '../index.js';
import type { WriteContext } from '../types.js';

/** The context of a write by an administrator; rules that are only about the object must not ask it for the store. */
export function contextOf(group: string, version: string, resource: string, subresource = ''): WriteContext {
  const def = findResource(group, version, resource);
  assert(def !== undefined, `${resource}.${version}.${group} is served`);
  return {
    get backend(): Backend {
      throw new Error('this rule must not need the store');
    },
    def,
    user: { username: 'admin', uid: '', groups: ['system:masters'], extra: {} },
    namespace: def.namespaced ? 'default' : '',
    name: 'test',
    subresource,
    dryRun: false,
    now: '2026-01-01T00:00:00Z',
    warnings: [],
  };
}

/** What the strategy of `group/resource` says of a new object, or of a changed one: `field: words`, in order. */
export function fieldErrorsOf(group: string, resource: string, version = 'v1') {
  const strategy = strategyFor(group, resource);
  return (obj: JsonObject, old?: JsonObject, subresource = ''): string[] => {
    const ctx = contextOf(group, version, resource, subresource);
    if (old === undefined) return (strategy.validate?.(obj, ctx) ?? []).map(errorText);
    const special = strategy.subresources?.[subresource];
    if (special !== undefined) return (special.validate?.(obj, old, ctx) ?? []).map(errorText);
    const errors =
      subresource === 'status'
        ? strategy.validateStatusUpdate?.(obj, old, ctx)
        : strategy.validateUpdate?.(obj, old, ctx);
    return (errors ?? []).map(errorText);
  };
}
