import { afterEach, beforeEach, expect, it } from 'vitest';
import { carryOut } from './carry-out.js';
import { LoneLeader, messageOf } from './leader.testkit.js';
import type { MembershipRequest } from './membership.js';

const REMOVE_C = { op: 'remove', name: 'c' } as const;
const ADD_D = { op: 'add', name: 'd', address: 'd:1' } as const;
let bench: LoneLeader;

/** Member 2 leads, and does what it is asked for. */
beforeEach(async () => {
  bench = await LoneLeader.open(
    { 2: { name: 'b', address: '10.0.0.2:1' }, 3: { name: 'c', address: '10.0.0.3:1' } },
    { voters: [1, 2, 3] },
  );
  bench.driver.step([messageOf(2, 'heartbeat')]);
  await bench.until(() => bench.driver.leader === 2);
  bench.call = () => Promise.resolve(Buffer.alloc(0));
});
afterEach(() => bench.close());

/** How a request ends, when it does. */
function ended(request: MembershipRequest, isOwn = false): Promise<string> {
  const options = {
    ask: (wish: MembershipRequest) => bench.membership.ask(wish),
    confirm: (timeoutMs: number) => bench.reads.wait(timeoutMs),
    isOwn,
    say: (_: string, text: string) => void bench.said.push(text),
  };
  return carryOut(request, options).then(
    () => 'done',
    (error: Error & { readonly outcomeUnknown?: boolean }) =>
      `${error.name}${error.outcomeUnknown === true ? ', unknown' : ''}: ${error.message}`,
  );
}

/** What the leader is asked to confirm, when it is; Raft's clock stands still meanwhile. */
async function asked(): Promise<string> {
  for (;;) {
    const question = bench.sent.find(({ type }) => type === 'readIndex');
    if (question !== undefined) return question.context;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

it.each([REMOVE_C, ADD_D])('what is done is seen here: %o', async (request) => {
  const end = ended(request);
  const context = await asked();
  bench.driver.step([messageOf(2, 'readIndexResp', { term: 0, index: 0, context })]);
  expect(await end).toBe('done');
});

it('a removal is not told as done before somebody leads without who was removed', async () => {
  const end = ended(REMOVE_C);
  await asked();
  bench.reads.expire(performance.now() + 5_000);
  expect(await end).toBe(
    'UnavailableError, unknown: the leader has removed c, but nobody confirms that the others go on without it (no leader ' +
      'confirmed the read within its time): keep its data until they do',
  );
});

it('what else was done is told as done, although it is not seen here yet', async () => {
  const end = ended(ADD_D);
  await asked();
  bench.reads.expire(performance.now() + 5_000);
  expect(await end).toBe('done');
  expect(bench.said.at(-1)).toContain('is done, but not seen here yet: no leader confirmed');
});

it('who removes itself sees nothing of it', async () => {
  expect(await ended(REMOVE_C, true)).toBe('done');
  expect(bench.sent.filter(({ type }) => type === 'readIndex')).toEqual([]);
});
