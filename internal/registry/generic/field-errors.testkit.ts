import { assert } from '../../machinery/assert.js';
import { errorText } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { findResource } from '../../schema/index.js';
import type { Backend } from '../../store/types.js';
import { strategyFor } from '../index.js';
import type { FieldErrors, WriteContext } from '../types.js';

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

/** The same of a kind whose validation may take several turns, for it compiles or evaluates expressions. */
export function eventualFieldErrorsOf(group: string, resource: string, version = 'v1') {
  const strategy = strategyFor(group, resource);
  return async (obj: JsonObject, old?: JsonObject): Promise<string[]> => {
    const ctx = contextOf(group, version, resource, '');
    const errors = old === undefined ? strategy.validate?.(obj, ctx) : strategy.validateUpdate?.(obj, old, ctx);
    return ((await errors) ?? []).map(errorText);
  };
}

function texts(errors: FieldErrors = []): string[] {
  if (errors instanceof Promise) throw new Error('its validation may take several turns: eventualFieldErrorsOf');
  return errors.map(errorText);
}

/** What the strategy of `group/resource` says of a new object, or of a changed one: `field: words`, in order. */
export function fieldErrorsOf(group: string, resource: string, version = 'v1') {
  const strategy = strategyFor(group, resource);
  return (obj: JsonObject, old?: JsonObject, subresource = ''): string[] => {
    const ctx = contextOf(group, version, resource, subresource);
    if (old === undefined) return texts(strategy.validate?.(obj, ctx));
    const special = strategy.subresources?.[subresource];
    if (special !== undefined) return texts(special.validate?.(obj, old, ctx));
    const errors =
      subresource === 'status'
        ? strategy.validateStatusUpdate?.(obj, old, ctx)
        : strategy.validateUpdate?.(obj, old, ctx);
    return texts(errors);
  };
}
