import type { JsonObject } from '../../machinery/json.js';
import { selectorAttributes } from '../selectors.js';
import type { Attributes } from '../types.js';

/** The spec of a SubjectAccessReview: whether the user may do this. v1beta1 calls groups `group`. */
export function reviewSpec(a: Attributes, version: 'v1' | 'v1beta1'): JsonObject {
  const { username, uid, groups, extra } = a.user;
  const extras = Object.entries(extra);
  return {
    ...(a.isResourceRequest
      ? { resourceAttributes: resourceAttributes(a) }
      : { nonResourceAttributes: given({ path: a.path, verb: a.verb }) }),
    ...given({ user: username }),
    ...(groups.length === 0 ? {} : { [version === 'v1' ? 'groups' : 'group']: [...groups] }),
    ...(extras.length === 0 ? {} : { extra: Object.fromEntries(extras.map(([key, values]) => [key, [...values]])) }),
    ...given({ uid }),
  };
}

function resourceAttributes(a: Attributes): JsonObject {
  const { namespace, verb, group, version, resource, subresource, name } = a;
  return { ...given({ namespace, verb, group, version, resource, subresource, name }), ...selectorAttributes(a) };
}

/** Without what is empty, as Go leaves it out. */
const given = (members: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ''));
