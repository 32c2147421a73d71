import { expect, test } from 'vitest';
import type { Flow } from './classifier.js';
import { levelOf, MANDATORY_SCHEMAS, type Queuing } from './config.js';
import { PriorityLevel } from './priority-level.js';
import { type Outcome, Ticket } from './queue.js';
import { ONE_SEAT, type Work } from './work-estimate.js';
import { nobody } from './requests.testkit.js';

const WAIT_MS = 60_000;

/** A level with so many seats, and flows that have the queues they are given. */
function levelWith(seats: number, queuing: Queuing | undefined) {
  const level = new PriorityLevel(
    levelOf({ metadata: { name: 'l' }, spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue' } } } }),
    () => undefined,
  );
  level.config = { ...level.config, queuing };
  level.setSeats(seats);
  const [schema] = MANDATORY_SCHEMAS;
  if (schema === undefined) throw new Error('there is no schema');
  const flow = (name: string, ...hand: number[]): Flow => ({
    schema,
    level,
    stats: level.statsOf(name),
    distinguisher: name,
    hand,
    headers: [],
  });
  const enter = (of: Flow, work: Work = ONE_SEAT, waitMs = WAIT_MS) => {
    const ticket = new Ticket(of, work, false, () => nobody);
    return { ticket, outcome: level.set.enter(ticket, waitMs) };
  };
  return { level, set: level.set, flow, enter };
}

const QUEUES: Queuing = { queues: 8, handSize: 1, queueLengthLimit: 3 };

/** Lets the one that has the seat go until none waits; answers who was let in, in that order. */
async function served(entered: readonly { ticket: Ticket; outcome: Outcome | Promise<Outcome> }[]): Promise<string[]> {
  const order: string[] = [];
  const waiting = entered.map(async ({ ticket, outcome }) => {
    expect(await outcome).toBe('executing');
    order.push(ticket.flow.distinguisher);
    ticket.flow.level.set.finish(ticket);
  });
  await Promise.all(waiting);
  return order;
}

test('what finds no seat waits where there are queues, and is rejected where there are none', async () => {
  const queued = levelWith(1, QUEUES);
  const first = queued.enter(queued.flow('a', 0));
  expect(first.outcome).toBe('executing');
  const second = queued.enter(queued.flow('a', 0));
  expect(queued.set.waiting).toBe(1);
  queued.set.finish(first.ticket);
  expect(await second.outcome).toBe('executing');
  queued.set.finish(second.ticket);
  expect(queued.set.isIdle).toBe(true);

  const rejecting = levelWith(1, undefined);
  expect(rejecting.enter(rejecting.flow('a')).outcome).toBe('executing');
  expect(rejecting.enter(rejecting.flow('a')).outcome).toBe('concurrency-limit');
});

test('a flow that floods fills its queues, and another one has its turn all the same', async () => {
  const { enter, flow, set } = levelWith(1, { ...QUEUES, queueLengthLimit: 50 });
  const flood = flow('flood', 0);
  const running = enter(flood);
  const waiting = Array.from({ length: 50 }, () => enter(flood));
  expect(enter(flood).outcome).toBe('queue-full');
  const quiet = enter(flow('quiet', 1));
  set.finish(running.ticket);
  const order = await served([...waiting, quiet]);
  // Not behind the 50 that came before it.
  expect(order.indexOf('quiet')).toBeLessThan(3);
  expect(order).toHaveLength(51);
});

test('a request goes into the queue of its hand that has least to do', () => {
  const { enter, flow, set } = levelWith(1, QUEUES);
  enter(flow('a', 0));
  enter(flow('a', 0));
  const two = flow('b', 0, 1);
  enter(two);
  enter(two);
  expect(set.queues.map((queue) => [queue.index, queue.waiting.length])).toEqual([
    [0, 1],
    [1, 2],
  ]);
});

test('wide requests wait for seats, and are not passed by narrow ones', async () => {
  const { enter, flow, set } = levelWith(9, QUEUES);
  const eight = enter(flow('a', 0), { seats: 8, finalSeats: 0, extraMs: 0 });
  const five = enter(flow('b', 1), { seats: 5, finalSeats: 0, extraMs: 0 });
  const one = enter(flow('b', 1));
  // One seat would do for the narrow one, which came later in its queue.
  expect([set.executing, set.waiting]).toEqual([1, 2]);
  set.finish(eight.ticket);
  expect(await Promise.all([five.outcome, one.outcome])).toEqual(['executing', 'executing']);
  set.finish(five.ticket);
  set.finish(one.ticket);
  // One that is wider than all there is runs alone.
  const huge = enter(flow('a', 0), { seats: 30, finalSeats: 0, extraMs: 0 });
  expect(huge.outcome).toBe('executing');
  expect(enter(flow('b', 1)).outcome).toBeInstanceOf(Promise);
});

test('the last tenth of the seats is for requests that need one', () => {
  const { enter, flow, set } = levelWith(40, QUEUES);
  const list = { seats: 8, finalSeats: 0, extraMs: 0 };
  const running = Array.from({ length: 4 }, () => enter(flow('lists', 0), list).outcome);
  expect(running).toEqual(Array(4).fill('executing'));
  expect(enter(flow('lists', 0), list).outcome).toBeInstanceOf(Promise);
  const gets = [1, 2, 3, 4, 5].map(() => enter(flow('gets', 1)));
  expect(gets.map(({ ticket }) => ticket.state)).toEqual(Array(5).fill('executing'));
  expect([set.seats, set.waiting]).toEqual([37, 1]);
});

test('the last seats are for those of whom no request is executed, whoever waits before them', () => {
  const { enter, flow, set } = levelWith(40, { ...QUEUES, queueLengthLimit: 50 });
  const flood = Array.from({ length: 50 }, () => enter(flow('flood', 0)));
  expect([set.seats, set.waiting]).toEqual([38, 12]);
  const quiet = [1, 2, 3].map((queue) => enter(flow(`quiet-${queue}`, queue)).ticket);
  expect(quiet.map(({ state }) => state)).toEqual(['executing', 'executing', 'waiting']);
  for (const { ticket } of flood) set.cancel(ticket);
});

test('a write keeps seats for those who are told of it', async () => {
  const { enter, flow, set } = levelWith(4, QUEUES);
  const write = enter(flow('a', 0), { seats: 1, finalSeats: 3, extraMs: 5 });
  expect(set.seats).toBe(3);
  set.finish(write.ticket);
  expect(set.seats).toBe(3);
  const wide = enter(flow('b', 1), { seats: 4, finalSeats: 0, extraMs: 0 });
  expect(await wide.outcome).toBe('executing');
  expect(set.seats).toBe(4);
});

test('who waits too long, or goes away, gives up his place', async () => {
  const { enter, flow, set, level } = levelWith(1, QUEUES);
  const running = enter(flow('a', 0));
  const late = enter(flow('a', 0), ONE_SEAT, 1);
  const gone = enter(flow('a', 0));
  set.cancel(gone.ticket);
  expect(await Promise.all([late.outcome, gone.outcome])).toEqual(['time-out', 'cancelled']);
  expect(level.statsOf('a').rejected).toMatchObject({ 'time-out': 1, cancelled: 1 });
  set.finish(running.ticket);
  // Twice is once.
  set.finish(running.ticket);
  expect([set.executing, set.seats, set.waiting, set.demand.value]).toEqual([0, 0, 0, 0]);
});

test('more seats let those in who wait, fewer let nobody go', async () => {
  const { enter, flow, set, level } = levelWith(1, QUEUES);
  enter(flow('a', 0));
  const waiting = [enter(flow('a', 0)), enter(flow('a', 0))];
  level.setSeats(3);
  expect(await Promise.all(waiting.map(async (w) => w.outcome))).toEqual(['executing', 'executing']);
  level.setSeats(1);
  expect(set.executing).toBe(3);
  expect(enter(flow('b', 1)).outcome).toBeInstanceOf(Promise);
});

test('a level without seats keeps everybody waiting', () => {
  const { enter, flow } = levelWith(0, QUEUES);
  expect(enter(flow('a', 0)).outcome).toBeInstanceOf(Promise);
  const rejecting = levelWith(0, undefined);
  expect(rejecting.enter(rejecting.flow('a')).outcome).toBe('concurrency-limit');
});
