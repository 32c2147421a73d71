import { prepareBody } from '../../schema/codec/index.js';
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
  if (body instanceof Promise) return body.then((whole) => taken(context, whole));
  return taken(context, body);
};

/** The body is here; what takes long before it can be decoded is done while others are served. */
function taken(context: RequestContext, body: Buffer): Promise<undefined> | undefined {
  context.body = body;
  if (body.length === 0) return undefined;
  const preparing = prepareBody(body, context.header('content-type'));
  return preparing?.then(() => undefined);
}
