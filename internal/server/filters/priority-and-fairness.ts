import type { Flow } from '../../flowcontrol/classifier.js';
import type { PriorityAndFairness } from '../../flowcontrol/index.js';
import { type Details, type Outcome, Ticket } from '../../flowcontrol/queue.js';
import { listWork, ONE_SEAT, type Work, writeWork } from '../../flowcontrol/work-estimate.js';
import type { BytesReply } from '../../rest/types.js';
import { isLongRunning, isMutating } from '../in-flight.js';
import { RefusalHold } from '../refusal-hold.js';
import type { RequestContext } from '../request-context.js';
import type { Filter } from './filter.js';
import { tooManyRequestsReply } from './max-in-flight.js';

/** A request may wait for a quarter of its time, and never for longer than a minute, milliseconds. */
const WAIT_SHARE = 4;
const MAX_WAIT_MS = 60_000;
/** How long one without a deadline may wait: a watch. */
const WAIT_MS = 15_000;
/** Forms in which a list is put together in memory, by their word in Accept. */
const WHOLE_FORMS = ['as=Table', 'protobuf', 'yaml'];

/**
 * Lets requests in by priority and fairness (apiserver's WithPriorityAndFairness); 429 for those that find no room or
 * wait too long. A request has its seats until its answer is written, a watch until it has begun. Others that stay open by
 * nature (exec, logs, proxies) are not asked.
 */
export function withPriorityAndFairness(fairness: PriorityAndFairness): Filter {
  const refusals = new RefusalHold();
  return (context) => {
    const isWatch = context.info.verb === 'watch';
    if (!isWatch && isLongRunning(context.info)) return undefined;
    const flow = fairness.classify(context.info, context.user);
    context.addAnswerHeaders(flow.headers);
    const ticket = new Ticket(flow, workOf(fairness, flow, context), isWatch, () => detailsOf(context), context.at);
    const outcome = flow.level.set.enter(ticket, waitMs(context));
    if (!(outcome instanceof Promise)) {
      if (outcome !== 'executing') keepBack(refusals, context);
      return conclude(fairness, context, ticket, outcome);
    }
    const { waiting } = fairness.counts[isMutating(context.info.verb) ? 'mutating' : 'readOnly'];
    waiting.change(1);
    context.onAborted(() => flow.level.set.cancel(ticket));
    return outcome.then((o) => {
      waiting.change(-1);
      context.at = performance.now();
      context.queuedMs = context.at - ticket.arrived;
      return conclude(fairness, context, ticket, o);
    });
  };
}

/** Has the client told later that it is refused, within its time. */
function keepBack(refusals: RefusalHold, context: RequestContext): void {
  context.incoming.forgetBody?.();
  context.delaying = (answer) => refusals.hold(answer, waitMs(context), (listener) => context.onAborted(listener));
}

function conclude(
  fairness: PriorityAndFairness,
  context: RequestContext,
  ticket: Ticket,
  outcome: Outcome,
): BytesReply | undefined {
  const { level } = ticket.flow;
  if (outcome !== 'executing') {
    level.retryAfter.rejected(Math.floor(Date.now() / 1000));
    context.isTerminated = true;
    return tooManyRequestsReply(level.retryAfter.seconds);
  }
  const { info } = context;
  const { executing } = fairness.counts[isMutating(info.verb) ? 'mutating' : 'readOnly'];
  executing.change(1, context.at);
  let done = false;
  const leave = (): void => {
    if (done) return;
    done = true;
    const now = performance.now();
    executing.change(-1, now);
    level.set.finish(ticket, now);
  };
  if (ticket.isWatch) watching(fairness, context, leave);
  else context.onFinished = leave;
  return undefined;
}

/** A watch is counted as long as it is open; its seats are free when it has begun. */
function watching(fairness: PriorityAndFairness, context: RequestContext, leave: () => void): void {
  const { info, incoming } = context;
  const seesAll = info.name === '' && !incoming.rawQuery.includes('fieldSelector');
  if (seesAll) fairness.watches.add(info);
  context.onFinished = () => {
    if (seesAll) fairness.watches.remove(info);
    leave();
  };
  context.onWatchBegun = leave;
  if (!beginsWithState(context)) context.onAnswered(leave);
}

const sendsInitialEvents = (context: RequestContext): boolean =>
  context.incoming.rawQuery.includes('sendInitialEvents') && context.query.get('sendInitialEvents') === 'true';

/** Whether a watch begins with all that there is: it is asked to, or comes from no revision. */
function beginsWithState(context: RequestContext): boolean {
  if (context.incoming.rawQuery.includes('sendInitialEvents')) return sendsInitialEvents(context);
  const from = context.query.get('resourceVersion');
  return from === null || from === '' || from === '0';
}

function waitMs({ deadline, at }: RequestContext): number {
  if (deadline === Number.POSITIVE_INFINITY) return WAIT_MS;
  return Math.max(0, Math.min((deadline - at) / WAIT_SHARE, MAX_WAIT_MS));
}

function workOf(fairness: PriorityAndFairness, { level, stats }: Flow, context: RequestContext): Work {
  const { info } = context;
  switch (info.verb) {
    case 'list':
      return workOfList(fairness, level.maxSeats, context);
    case 'watch':
      return sendsInitialEvents(context) ? workOfList(fairness, level.maxSeats, context) : ONE_SEAT;
    case 'create':
    case 'update':
    case 'patch':
    case 'delete': {
      const watchers = fairness.watches.interestedIn(info);
      stats.watchCount.add(watchers);
      return writeWork(watchers, level.maxSeats);
    }
    default:
      return ONE_SEAT;
  }
}

function workOfList(fairness: PriorityAndFairness, maxSeats: number, context: RequestContext): Work {
  const { info, incoming } = context;
  const single = info.name !== '';
  const limit = incoming.rawQuery.includes('limit=') ? Number(context.query.get('limit')) || 0 : 0;
  const accept = context.header('accept');
  const whole = info.verb === 'list' && WHOLE_FORMS.some((form) => accept.includes(form));
  return listWork(fairness.sizes.of(info), { limit, single, whole }, maxSeats);
}

function detailsOf({ info, user }: RequestContext): Details {
  return {
    username: user.username,
    verb: info.verb,
    path: info.path,
    namespace: info.namespace,
    name: info.name,
    groupVersion: info.group === '' ? info.version : `${info.group}/${info.version}`,
    resource: info.resource,
    subresource: info.subresource,
  };
}
