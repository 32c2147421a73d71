import type { Awaitable } from '../../machinery/awaitable.js';
import type { HandlerReply } from '../../rest/types.js';
import type { RequestContext } from '../request-context.js';

/**
 * One step of the request chain: the answer, or nothing for the next step to go on. Refuses by throwing StatusError.
 * What is to happen when the answer is known is registered with `RequestContext.onAnswered`. A filter that has nothing to
 * wait for must not return a promise.
 */
export type Filter = (context: RequestContext) => Awaitable<HandlerReply | undefined>;
