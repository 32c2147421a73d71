import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StagedState, StateExport } from '../store/snapshot.js';
import { until } from '../testing/until.js';
import type { CopyClaim } from './confirm.js';
import { LoneLeader, messageOf } from './leader.testkit.js';
import { SnapshotReceiver } from './snapshot-receiver.js';
import { encodeMessages, encodeSnapshotHeader } from './wire.js';

const ID = 'ab'.repeat(16);
let bench: LoneLeader;
let dataDir = '';
let receiver: SnapshotReceiver;
const said: string[] = [];

beforeEach(async () => {
  bench = await LoneLeader.open();
  await bench.lead();
  for (let i = 0; i < 8; i++) await bench.put(`a/${i}`, 500_000);
  dataDir = mkdtempSync(join(tmpdir(), 'quorate-receiver-'));
  said.length = 0;
  receiver = open();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await receiver.close();
  await bench.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const open = (keepMs = 60_000): SnapshotReceiver =>
  new SnapshotReceiver({ dataDir, keepMs, say: (_, text) => void said.push(text) });
const states = (): string[] => readdirSync(dataDir).filter((name) => name.startsWith('state'));

interface Sent {
  readonly index?: number;
  readonly claim?: CopyClaim;
  readonly transfer?: { readonly id: string; readonly from: number };
  /** Ends, or breaks off, after so many chunks. */
  readonly chunks?: number;
  readonly breaks?: boolean;
  readonly header?: Buffer;
}
/** The snapshot of the leader, as it is on the wire. */
async function* snapshot({
  index = 9,
  claim,
  transfer,
  chunks = 1_000,
  breaks,
  header,
}: Sent = {}): AsyncGenerator<Buffer> {
  const own = bench.state.hashAt(8);
  if (own === undefined) throw new Error('no hash');
  const { conf } = bench.state.meta;
  const message = messageOf(1, 'snapshot', { to: 2, term: 1, snapshot: { index, term: 1, confState: conf } });
  yield header ?? encodeSnapshotHeader(message, transfer, claim ?? { revision: 8, hash: own });
  const whole = new StateExport(await bench.state.takeSnapshot());
  try {
    const first = transfer?.from ?? 0;
    let at = 0;
    for await (const chunk of whole.chunks()) {
      if (at++ < first) continue;
      if (at > first + chunks) break;
      yield chunk;
    }
  } finally {
    whole.release();
  }
  if (breaks === true) throw new Error('broken off');
}

describe('a snapshot that comes', () => {
  it('is the state that its header names, in a directory of its own', async () => {
    const claims: unknown[] = [];
    const received = await receiver.receive(snapshot(), (claim, meta) => void claims.push(claim.revision, meta.index));
    expect([claims, received.meta.index, received.claim.revision, states()]).toEqual([
      [8, 9],
      9,
      8,
      [received.directory],
    ]);
    expect(received.directory).toMatch(/^state-[0-9a-f]{16}$/);
    expect(received.messages.map(({ type }) => type)).toEqual(['snapshot']);
    await received.state.discard();
  });

  it.each<readonly [string, Sent, string]>([
    ['has no header', { header: encodeMessages([]) }, 'it has no header'],
    ['ends early', { chunks: 1 }, 'it ends early'],
    ['is of another index', { index: 8 }, 'it is not of the index that its header names'],
    [
      'has another revision',
      { claim: { revision: 7, hash: { changes: '', rows: undefined } } },
      'it is not the state that its header names',
    ],
    [
      'has another hash',
      { claim: { revision: 8, hash: { changes: 'x', rows: 'y' } } },
      'it is not the state that its header names',
    ],
    ['breaks off', { chunks: 1, breaks: true }, 'broken off'],
  ])('and %s is refused, and nothing of it is kept', async (_, sent, why) => {
    await expect(receiver.receive(snapshot(sent))).rejects.toThrow(why);
    expect(states()).toEqual([]);
  });

  it('and is empty is refused', async () => {
    await expect(receiver.receive((async function* () {})())).rejects.toThrow('it is empty');
  });
});

describe('a snapshot that breaks off', () => {
  const part = (from: number, chunks = 1_000, breaks = true): Sent => ({ transfer: { id: ID, from }, chunks, breaks });

  it('is gone on with behind what came, and by nothing else', async () => {
    await expect(receiver.receive(snapshot(part(0, 2)))).rejects.toThrow('broken off');
    const kept = receiver.chunksOf(ID);
    expect([kept, receiver.chunksOf('other'), states().length]).toEqual([2, 0, 1]);
    await expect(receiver.receive(snapshot({ transfer: { id: ID, from: 1 } }))).rejects.toThrow(
      'the first 1 chunks of the snapshot are not here',
    );
    await expect(receiver.receive(snapshot({ transfer: { id: 'cd'.repeat(16), from: 2 } }))).rejects.toThrow(
      'the first 2 chunks of the snapshot are not here',
    );
    expect(receiver.chunksOf(ID)).toBe(2);
    const received = await receiver.receive(snapshot(part(2, 1_000, false)));
    expect([received.claim.revision, receiver.chunksOf(ID), states()]).toEqual([8, 0, [received.directory]]);
    await received.state.discard();
  });

  it('may look as if it had ended: it is gone on with as well', async () => {
    await expect(receiver.receive(snapshot(part(0, 2, false)))).rejects.toThrow('it ends early');
    expect(receiver.chunksOf(ID)).toBe(2);
    const received = await receiver.receive(snapshot(part(2, 1_000, false)));
    expect(received.claim.revision).toBe(8);
    await received.state.discard();
  });

  it('is gone on with after a restart, and replaced by one that begins anew', async () => {
    await expect(receiver.receive(snapshot(part(0, 2)))).rejects.toThrow('broken off');
    await receiver.close();
    mkdirSync(join(dataDir, 'state-0123456789abcdef'));
    mkdirSync(join(dataDir, 'state'));
    const others = ['other', 'old-state', 'statement'];
    for (const name of others) writeFileSync(join(dataDir, name), '');
    receiver = await SnapshotReceiver.open({ dataDir, say: () => undefined }, 'state');
    expect(receiver.chunksOf(ID)).toBe(2);
    expect(others.every((name) => existsSync(join(dataDir, name)))).toBe(true);
    expect(states()).toEqual(['state', expect.stringMatching(/^state-/), 'statement']);
    const received = await receiver.receive(snapshot());
    expect([receiver.chunksOf(ID), states().toSorted()]).toEqual([0, ['state', received.directory, 'statement']]);
    await received.state.discard();
  });

  it('is the only one that is kept over a restart', async () => {
    await expect(receiver.receive(snapshot(part(0, 2)))).rejects.toThrow('broken off');
    await receiver.close();
    const [name = ''] = states();
    cpSync(join(dataDir, name), join(dataDir, 'state-copy'), { recursive: true });
    receiver = await SnapshotReceiver.open({ dataDir, say: () => undefined }, 'state');
    expect([receiver.chunksOf(ID), states().length]).toEqual([2, 1]);
  });

  it('is removed after a while, or when it is not wanted any more', async () => {
    receiver = open(20);
    await expect(receiver.receive(snapshot(part(0, 2)))).rejects.toThrow('broken off');
    await until(() => states().length === 0);
    expect(receiver.chunksOf(ID)).toBe(0);
    receiver = open();
    await expect(receiver.receive(snapshot(part(0, 2)))).rejects.toThrow('broken off');
    await receiver.discard();
    expect([receiver.chunksOf(ID), states(), said]).toEqual([0, [], []]);
  });

  it('is told of when it cannot be removed', async () => {
    receiver = open(20);
    await expect(receiver.receive(snapshot(part(0, 2)))).rejects.toThrow('broken off');
    vi.spyOn(StagedState.prototype, 'discard').mockRejectedValueOnce(new Error('the disk is away'));
    await until(() => said.length > 0);
    expect(said).toEqual(['part of a snapshot is not removed: the disk is away']);
  });

  it('is one that was interrupted, or that came while this replica shuts down', async () => {
    async function* stalls(): AsyncGenerator<Buffer> {
      yield* snapshot({ transfer: { id: ID, from: 0 }, chunks: 2 });
      await new Promise(() => undefined);
    }
    const first = receiver.receive(stalls());
    await until(() => receiver.chunksOf(ID) === 2);
    receiver.interrupt();
    await expect(first).rejects.toThrow('its sender has begun again');
    const second = receiver.receive(stalls());
    await until(() => receiver.chunksOf(ID) === 2);
    receiver.interrupt('enough');
    await expect(second).rejects.toThrow('enough');
    const third = receiver.receive(stalls());
    await until(() => receiver.chunksOf(ID) === 2);
    const ended = expect(third).rejects.toThrow('this replica is shutting down');
    await receiver.close();
    await ended;
    expect(states()).toHaveLength(1);
  });
});
