import type { ResourceDef } from '../schema/types.js';
import type { Creators, RestDeps } from './deps.js';
import { notAcceptable } from '../machinery/status.js';
import { negotiate, offeredFor } from './negotiation.js';
import { notServed } from './not-served.js';
import { handleBinding } from './pods/binding.js';
import { handleEviction } from './pods/eviction.js';
import type { ApiRequest, Reply } from './types.js';

const builtIn: Creators = {
  '/bindings': handleBinding,
  '/pods/binding': handleBinding,
  '/pods/eviction': handleEviction,
};

/** `group/resource[/subresource]` of a request. */
export function creatorKey(def: ResourceDef, subresource: string): string {
  return subresource === '' ? `${def.group}/${def.resource}` : `${def.group}/${def.resource}/${subresource}`;
}

/** What answers this POST when it is not a plain create; undefined when it is one. */
export function createSubresource(
  deps: RestDeps,
  request: ApiRequest,
  def: ResourceDef,
): Reply | Promise<Reply> | undefined {
  const { subresource } = request.info;
  const key = creatorKey(def, subresource);
  const creator = deps.creators?.[key] ?? builtIn[key];
  if (creator !== undefined) {
    // Nothing that is only created has columns.
    if (negotiate(request, def).as?.kind === 'Table') throw notAcceptable(offeredFor(def));
    return creator(deps, request, def);
  }
  // A kind that can only be created is asked a question; nothing of it is stored.
  if (subresource !== '' || !def.verbs.includes('get')) throw notServed(def, subresource);
  return undefined;
}
