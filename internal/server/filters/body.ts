import type { RequestContext } from '../request-context.js';
import type { Filter } from './filter.js';

/** Subresources whose handlers take the body as it comes and pass it on. */
const PASSED_ON = new Set(['proxy']);

/** Whether the handler reads the body itself, with `RequestContext.openBody`. */
export function handlerReadsBody({ info }: RequestContext): boolean {
  return info.isResourceRequest && (PASSED_ON.has(info.subresource) || info.verb === 'proxy');
}

/** Reads the body whole: the last step, for nobody who may not do what they ask for is given memory. 413, 429. */
export const withBody: Filter = (context) => {
  if (handlerReadsBody(context)) return undefined;
  const body = context.incoming.readBody(context.authenticatedUser.username);
  if (body instanceof Promise) {
    return body.then((whole) => {
      context.body = whole;
      return undefined;
    });
  }
  context.body = body;
  return undefined;
};
