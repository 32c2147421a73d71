import { bearerToken } from '../auth/authenticator.js';
import { readClaims } from '../auth/jwt.js';
import { num } from '../machinery/access.js';
import type { HandOverReply, UpgradeReply } from '../rest/web-socket.js';
import type { RequestContext } from './request-context.js';

/** The WebSocket code for what the rules of the server forbid (RFC 6455, 7.4.1). */
const POLICY_VIOLATION = 1008;
/** Node's timers count to here, milliseconds: some 24 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * When the token ends by which a request was let in, milliseconds since the epoch; Infinity where it does not say, and for
 * client certificates.
 */
export function tokenEnd(context: RequestContext): number {
  if (context.peerCertificate !== '') return Number.POSITIVE_INFINITY;
  const seconds = num(readClaims(bearerToken(context)), 'exp');
  return seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000;
}

/** The same answer, whose connection is closed when the credentials `end`: nobody stays longer than they might come in. */
export function endingAt<T extends UpgradeReply | HandOverReply>(reply: T, end: number, now: () => number): T {
  if (end === Number.POSITIVE_INFINITY) return reply;
  if ('accept' in reply) {
    return {
      ...reply,
      accept: (socket) => {
        const cancel = at(end, now, () => socket.close(POLICY_VIOLATION, 'the token has expired'));
        socket.onClose(cancel);
        reply.accept(socket);
      },
    };
  }
  return {
    ...reply,
    handOver: (connection, head) => {
      connection.once(
        'close',
        at(end, now, () => connection.destroy()),
      );
      reply.handOver(connection, head);
    },
  };
}

/** Calls `then` at a time; what it returns makes that not happen. */
function at(end: number, now: () => number, then: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const left = end - now();
    timer = left > LONGEST_TIMER_MS ? setTimeout(wait, LONGEST_TIMER_MS) : setTimeout(then, Math.max(left, 0));
    timer.unref();
  };
  wait();
  return () => clearTimeout(timer);
}
