import { Packr } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOG_VERSION } from '../store/command.js';
import { UnavailableError } from '../store/types.js';
import { freePorts } from '../testing/cluster.js';
import { Transport } from '../transport/transport.js';
import { answerCall } from './calls.js';
import { initialMemberId, type Origin } from './identity.js';
import type { ReplicaConfig } from './config.js';
import { findOrigin } from './join.js';
import { MembershipError } from './membership.js';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const ORIGIN: Origin = { id: 5, cluster: 7, members: [[1, 'a', '10.0.0.1:1']], joined: true };

let transport: Transport | undefined;
let away = '';
let address = '';
let asked: unknown[] = [];
let said: string[] = [];
/** What the member answers, time after time; the last one again and again. */
let answers: readonly (Origin | Error)[] = [ORIGIN];

beforeEach(async () => {
  [asked, said, answers] = [[], [], [ORIGIN]];
  const [port = 0, other = 0] = await freePorts(2);
  [address, away] = [`127.0.0.1:${port}`, `127.0.0.1:${other}`];
  const unexpected = (): never => {
    throw new Error('nobody asks for that');
  };
  transport = new Transport({
    self: { cluster: 7, id: 1, nonce: 'n1' },
    listen: address,
    tls: undefined,
    handlers: {
      admit: () => Promise.resolve(undefined),
      onCall: (payload, from) => {
        asked.push(packr.unpack(payload), from);
        const answer = answers[Math.min(asked.length / 2, answers.length) - 1];
        return answerCall(() =>
          answer instanceof Error ? Promise.reject(answer) : Promise.resolve(packr.pack(answer)),
        );
      },
      onMessages: unexpected,
      onSnapshot: unexpected,
      onFetch: unexpected,
      onUp: unexpected,
      onUnreachable: unexpected,
      onDead: unexpected,
      onRefused: unexpected,
    },
    log: () => undefined,
  });
  await transport.listen();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await transport?.close();
});

const find = (more: Partial<ReplicaConfig>): Promise<Origin> =>
  findOrigin({ name: 'b', dataDir: '/nowhere', ...more }, 'mine', (text) => void said.push(text));

describe('an empty data directory that is to join', () => {
  it('asks one member after the other, and is what the first says that answers', async () => {
    expect(await find({ join: [away, address], peerListen: '10.0.0.2:2380' })).toEqual(ORIGIN);
    const request = { op: 'join', cluster: 0, name: 'b', nonce: 'mine', logVersion: LOG_VERSION };
    expect(asked).toEqual([{ ...request, address: '10.0.0.2:2380' }, undefined]);
    expect(said).toEqual([expect.stringMatching(`^cannot join through ${away} yet: ${away} did not answer: .`)]);
    asked = [];
    const more = { peerListen: '0.0.0.0:2380', peerAddress: '10.0.0.3:2380', unsafeLogVersion: 1 };
    await find({ join: [address], ...more });
    expect(asked[0]).toEqual({ ...request, address: '10.0.0.3:2380', logVersion: 1 });
  });

  it('asks again where no answer is an answer yet, and not where it is refused', async () => {
    answers = [new UnavailableError('no leader is known; try again', false), ORIGIN];
    expect(await find({ join: [address], peerListen: '10.0.0.2:2380' })).toEqual(ORIGIN);
    expect(said).toEqual([`cannot join through ${address} yet: no leader is known; try again`]);
    answers = [new MembershipError('the name is taken')];
    const refused = await find({ join: [address, away] }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ name: 'FatalError', message: 'cannot join the cluster: the name is taken' });
    expect(said).toHaveLength(1);
  });

  it('gives up after a minute, and says what the last one said', async () => {
    answers = [new UnavailableError('no leader is known; try again', false)];
    const now = performance.now.bind(performance);
    let later = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now() + later);
    const found = find({ join: [address] }).catch((error: unknown) => error);
    await vi.waitUntil(() => said.length > 0);
    later = 60_000;
    expect(await found).toMatchObject({
      name: 'FatalError',
      message:
        'cannot join the cluster: no leader is known; try again. Check that a majority of its members is up, and the ' +
        'addresses in --join.',
    });
  });
});

describe('an empty data directory that is to join nobody', () => {
  it('founds a cluster: of those that it is told, or alone, under its address', async () => {
    const b = (at: string) => ({ id: initialMemberId('b'), joined: false, members: [[initialMemberId('b'), 'b', at]] });
    expect(await find({})).toMatchObject(b(''));
    expect(await find({ join: [], initialCluster: [], peerListen: '10.0.0.2:1' })).toMatchObject(b('10.0.0.2:1'));
    const alone = await find({ peerListen: '0.0.0.0:1', peerAddress: '10.0.0.3:1' });
    expect(alone).toMatchObject(b('10.0.0.3:1'));
    expect((await find({ initialClusterToken: 'x' })).cluster).not.toBe(alone.cluster);
    const two = await find({
      initialCluster: [
        { name: 'a', address: '10.0.0.1:1' },
        { name: 'b', address: '10.0.0.2:1' },
      ],
    });
    expect(two.members.map(([, name, at]) => [name, at])).toEqual([
      ['a', '10.0.0.1:1'],
      ['b', '10.0.0.2:1'],
    ]);
    expect(asked).toEqual([]);
  });
});
