import { expect, test, vi } from 'vitest';
import { badRequest, StatusError } from '../machinery/status.js';
import type { ApiRequest, Reply } from '../rest/types.js';
import { handleRaft, type RaftControl } from './debug-raft.js';

class MembershipError extends Error {
  override readonly name = 'MembershipError';
}

/** What was asked of the membership, by a control that does at once what it is told. */
function controlled(more: Partial<RaftControl> = {}) {
  const done: string[] = [];
  let leader = 'a';
  const note =
    (what: string) =>
    (...names: string[]) => {
      done.push([what, ...names].join(' '));
      return Promise.resolve();
    };
  const control: RaftControl = {
    status: () => ({
      id: 1,
      term: 2,
      role: 'leader',
      leader: 1,
      leaderName: leader,
      commit: 3,
      applied: 3,
      members: [
        { name: 'a', connected: true },
        { name: 'away', connected: false },
      ],
    }),
    addMember: note('add'),
    promoteMember: note('promote'),
    removeMember: note('remove'),
    transferLeader: (name) => {
      done.push(`transfer ${name}`);
      leader = name;
    },
    backup: () => Promise.reject(new Error('there is no state to save')),
    ...more,
  };
  const ask = async (method: string, path: string, body: unknown = ''): Promise<Reply | undefined> =>
    handleRaft(control, {
      method,
      path,
      body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
    } as unknown as ApiRequest);
  return { done, ask, status: () => control.status() };
}

test('Each operation is done, and answers the status as it is then', async () => {
  const { done, ask, status } = controlled();
  const MEMBERS = '/debug/raft/members';
  for (const [method, path, body] of [
    ['GET', '/debug/raft', ''],
    ['POST', MEMBERS, { name: 'n', address: 'h:1' }],
    ['POST', `${MEMBERS}/n/promote`, ''],
    ['DELETE', `${MEMBERS}/n`, ''],
    ['POST', '/debug/raft/leader', { name: 'b' }],
  ] as const) {
    const reply = await ask(method, path, body);
    expect(reply, path).toEqual({
      status: 200,
      contentType: 'application/json',
      body: `${JSON.stringify(status())}\n`,
    });
  }
  expect(done).toEqual(['add n h:1', 'promote n', 'remove n', 'transfer b']);
});

test.each([
  ['POST', '/debug/raft'],
  ['GET', '/debug/raft/members'],
  ['GET', '/debug/raft/leader'],
  ['POST', '/debug/raft/snapshot'],
  ['GET', '/debug/raft/members/n'],
  ['POST', '/debug/raft/members/n'],
  ['POST', '/debug/raft/members/n/demote'],
  ['DELETE', '/debug/raft/members/n/promote'],
  ['GET', '/debug/rafts'],
  ['DELETE', '/debug/raft/memberz/n'],
  ['POST', '/debug/raft/memberz/n/promote'],
])('%s %s is no operation', async (method, path) => {
  const { done, ask } = controlled();
  expect(await ask(method, path, { name: 'n', address: 'a' })).toBeUndefined();
  expect(done).toEqual([]);
});

test.each<[string, unknown, string]>([
  ['/debug/raft/members', '{', 'the body is no JSON: '],
  ['/debug/raft/members', [], 'the body must have "name", a string'],
  ['/debug/raft/members', { name: '', address: 'a' }, 'the body must have "name", a string'],
  ['/debug/raft/members', { name: 5, address: 'a' }, 'the body must have "name", a string'],
  ['/debug/raft/members', { name: 'n' }, 'the body must have "address", a string'],
  ['/debug/raft/leader', {}, 'the body must have "name", a string'],
])('A body that does not say what is wanted is refused: POST %s %j', async (path, body, message) => {
  const { done, ask } = controlled();
  await expect(ask('POST', path, body)).rejects.toMatchObject({ code: 400, message: expect.stringContaining(message) });
  expect(done).toEqual([]);
});

test.each<[string, Error, object]>([
  [
    'A refusal of the membership is a sentence for who asked',
    new MembershipError('n is there'),
    { code: 400, message: 'n is there' },
  ],
  ['What cannot be done now may be tried again', new Error('no quorum'), { code: 503, message: 'no quorum' }],
  ['An answer stays as it is', badRequest('as it is'), { code: 400, message: 'as it is' }],
])('%s', async (_what, error, answer) => {
  const { ask } = controlled({ removeMember: () => Promise.reject(error) });
  const refused = ask('DELETE', '/debug/raft/members/n');
  await expect(refused).rejects.toBeInstanceOf(StatusError);
  await expect(refused).rejects.toMatchObject(answer);
});

test('Leadership that cannot be handed over is told at once', async () => {
  const { ask } = controlled({
    transferLeader: () => {
      throw new Error('away is a learner');
    },
  });
  await expect(ask('POST', '/debug/raft/leader', { name: 'away' })).rejects.toMatchObject({
    code: 400,
    message: 'away is a learner',
  });
});

test('A snapshot that cannot be made is told, and another may be tried', async () => {
  const { ask } = controlled();
  for (let i = 0; i < 2; i++) {
    await expect(ask('GET', '/debug/raft/snapshot')).rejects.toMatchObject({
      code: 503,
      message: 'there is no state to save',
    });
  }
});

test('Leadership is waited for, 5 s, and then it is said what is to be done', async () => {
  vi.useFakeTimers();
  try {
    let leaderName = 'a';
    const status = controlled().status;
    const slow = controlled({ transferLeader: () => undefined, status: () => ({ ...status(), leaderName }) });
    const moved = slow.ask('POST', '/debug/raft/leader', { name: 'b' });
    let isTold = false;
    void moved.then(() => (isTold = true));
    await vi.advanceTimersByTimeAsync(4000);
    expect(isTold).toBe(false);
    leaderName = 'b';
    await vi.advanceTimersByTimeAsync(10);
    expect(await moved).toMatchObject({ status: 200, body: expect.stringContaining('"leaderName":"b"') });
    for (const [name, reason] of [
      ['away', 'it is not connected'],
      ['c', 'ask again'],
      ['a', 'ask again'],
    ] as const) {
      const refused = slow.ask('POST', '/debug/raft/leader', { name });
      const told = expect(refused).rejects.toMatchObject({
        code: 503,
        message: `${name} does not lead after 5 s: ${reason}`,
      });
      await vi.advanceTimersByTimeAsync(5100);
      await told;
    }
  } finally {
    vi.useRealTimers();
  }
});
