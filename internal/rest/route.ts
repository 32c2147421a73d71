/** Routes that are known by an object of their own, in all and of one verb and resource: they are looked through. */
const MAX_ROUTES = 4096;
const MAX_ALIKE = 64;
/** Names are kept only of paths up to so many characters: they are a client's text. */
const MAX_PATH = 1024;

/**
 * What requests have in common that ask for the same thing of the same resource, whatever its name and namespace. There is
 * one object for each, so that what belongs to a route is found by the object, at every request, without a text being
 * put together and hashed.
 */
export interface Route {
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
}

const routes = new Map<string, Map<string, Route[]>>();
let count = 0;

/**
 * The route with these names. Undefined where it would be the 4,097th, or the 65th of one verb and resource, and for names of
 * a path that is longer than 1,024 characters: whoever asks does without.
 */
export function routeOf(
  verb: string,
  group: string,
  version: string,
  resource: string,
  subresource: string,
  pathLength: number,
): Route | undefined {
  if (pathLength > MAX_PATH) return undefined;
  let verbs = routes.get(resource);
  const known = verbs?.get(verb);
  if (known !== undefined) {
    for (const route of known) {
      if (route.group === group && route.version === version && route.subresource === subresource) return route;
    }
  }
  if (count >= MAX_ROUTES || (known !== undefined && known.length >= MAX_ALIKE)) return undefined;
  count++;
  const route: Route = { verb, group, version, resource, subresource };
  if (verbs === undefined) routes.set(resource, (verbs = new Map<string, Route[]>()));
  if (known === undefined) verbs.set(verb, [route]);
  else known.push(route);
  return route;
}
