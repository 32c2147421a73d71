import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../raft/index.js';
import { encodeProposal } from '../store/command.js';
import { StateExport } from '../store/snapshot.js';
import { StateStore } from '../store/state.js';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { Transport } from '../transport/transport.js';
import type { PeerHandlers } from '../transport/types.js';
import { type ReceivedState, SnapshotReceiver } from './snapshot-receiver.js';
import { type ProgressRequest, SnapshotSender } from './snapshot-sender.js';
import { decodeSnapshotHeader } from './wire.js';

const conf = { voters: [1, 2], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const nothing = (): void => undefined;
const fail = (error: Error): void => {
  throw error;
};
const OBJECTS = 40;
const TERM = 3;
const message: Message = {
  type: 'snapshot',
  from: 1,
  to: 2,
  term: TERM,
  index: 0,
  logTerm: 0,
  commit: 0,
  entries: [],
  reject: false,
  rejectHint: 0,
  context: '',
  snapshot: { index: OBJECTS, term: TERM, confState: conf },
};

/** What one stream brought: the header's `from`, and the chunks behind the header, as many as the receiver took. */
interface Stream {
  id: string;
  from: number;
  chunks: number;
}

let directory = '';
let state: StateStore;
let receiver: SnapshotReceiver;
let transports: Transport[] = [];
let sockets: Socket[] = [];
let proxy: Server;
let ups = 0;
let cuts = 0;
let streams: Stream[] = [];
let received: ReceivedState | undefined;
/** Resolves when the receiver has noticed that the latest stream is over. */
let over: Promise<unknown> = Promise.resolve();
/** What becomes of a chunk (by its place in the stream, from 1 on) on its way; undefined: it does not arrive. */
let onWay: (chunk: Buffer, place: number) => Buffer | undefined = (chunk) => chunk;
let answerOf: (request: ProgressRequest) => object = ({ transfer }) => ({ chunks: receiver.chunksOf(transfer) });

function openState(path: string): StateStore {
  return new StateStore({
    path,
    conf,
    members: new Map(),
    onVisible: nothing,
    onDurable: nothing,
    onDiskFull: nothing,
    onFatal: fail,
  });
}

async function put(index: number): Promise<void> {
  const op = { type: 'put', key: `a/${index}`, value: randomBytes(100_000), revisionAt: -1 } as const;
  const commands = [{ kind: 'txn', txn: { compares: [], ops: [op] } } as const];
  state.applyEntry(index, TERM, encodeProposal({ proposer: 2, seq: index, time: 0, commands }));
  state.commit();
  await state.whenVisible(index);
}

function cut(): void {
  cuts++;
  for (const socket of sockets.splice(0)) socket.destroy();
}

async function* counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let stream: Stream | undefined;
  for await (const chunk of chunks) {
    if (stream === undefined) {
      const { transfer } = decodeSnapshotHeader(chunk);
      streams.push((stream = { id: transfer?.id ?? '', from: transfer?.from ?? 0, chunks: 0 }));
      yield chunk;
      continue;
    }
    const arrived = onWay(chunk, stream.chunks + 1);
    if (arrived === undefined) continue;
    stream.chunks++;
    yield arrived;
  }
}

async function transport(id: number, port: number, handlers: Partial<PeerHandlers>): Promise<Transport> {
  const unasked = (): never => {
    throw new Error('nobody asks for this');
  };
  const all: PeerHandlers = {
    admit: () => Promise.resolve(undefined),
    onMessages: nothing,
    onSnapshot: unasked,
    onFetch: unasked,
    onCall: unasked,
    onUp: nothing,
    onUnreachable: nothing,
    onDead: nothing,
    onRefused: nothing,
    ...handlers,
  };
  const self = { cluster: 1, id, nonce: `n${id}` };
  const made = new Transport({ self, listen: `127.0.0.1:${port}`, tls: undefined, handlers: all, log: nothing });
  transports.push(made);
  await made.listen();
  return made;
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-snapshot-'));
  state = openState(join(directory, 'source'));
  for (let index = 1; index <= OBJECTS; index++) await put(index);
  receiver = new SnapshotReceiver({ dataDir: directory, say: nothing });
  [transports, sockets, streams, received, ups, cuts] = [[], [], [], undefined, 0, 0];
  onWay = (chunk) => chunk;
  answerOf = ({ transfer }) => ({ chunks: receiver.chunksOf(transfer) });
});
afterEach(async () => {
  await Promise.all(transports.map((each) => each.close()));
  proxy.close();
  cut();
  await receiver.close();
  await received?.state.close();
  await state.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Sending {
  readonly sender: SnapshotSender;
  readonly reports: boolean[];
  /** Sends a snapshot over a connection that is up; true when it was delivered. */
  readonly send: (changes?: Partial<Message>) => Promise<boolean>;
}

/** A sender whose connections to the receiver go through a proxy. */
async function sending(changes: { keepMs?: number; firstIndex?: () => number } = {}): Promise<Sending> {
  const [portA = 0, portB = 0, portProxy = 0] = await freePorts(3);
  await transport(2, portB, {
    onSnapshot: async (_from, chunks) => {
      const coming = receiver.receive(counted(chunks));
      over = coming.catch(() => undefined);
      received = await coming;
    },
    onCall: (payload) => Promise.resolve(packr.pack(answerOf(packr.unpack(payload) as ProgressRequest))),
  });
  proxy = createServer((inward) => {
    const outward = connect(portB, '127.0.0.1');
    for (const socket of [inward, outward]) {
      sockets.push(socket);
      socket.on('error', nothing);
    }
    inward.on('close', () => outward.destroy());
    outward.on('close', () => inward.destroy());
    inward.pipe(outward).pipe(inward);
  });
  await new Promise<void>((resolve) => proxy.listen(portProxy, '127.0.0.1', resolve));
  const near = await transport(1, portA, { onUp: () => void ups++ });
  near.setPeers(new Map([[2, `127.0.0.1:${portProxy}`]]));
  await until(() => ups > 0);
  const reports: boolean[] = [];
  const sender = new SnapshotSender({
    state,
    firstIndex: () => 1,
    lastIndex: () => OBJECTS,
    leads: () => TERM,
    stream: (to, chunks) => near.sendSnapshot(to, chunks),
    ask: (to, payload) => near.ask(to, payload),
    report: (_to, ok) => void reports.push(ok),
    onCorrupt: fail,
    disputed: () => false,
    say: nothing,
    ...changes,
  });
  return {
    sender,
    reports,
    send: async (message_ = {}) => {
      await until(() => ups > cuts && near.isUp(2));
      await over;
      await sender.send({ ...message, ...message_ });
      return reports.at(-1) ?? false;
    },
  };
}

/** Cuts the connection when the receiver has stored so many chunks and asks for one more. */
function cutAfter(stored: number): void {
  let isCut = false;
  onWay = (chunk, place) => {
    if (streams.length > 1 || place <= stored) return chunk;
    if (!isCut) cut();
    isCut = true;
    return undefined;
  };
}

const stateDirectories = (): string[] => readdirSync(directory).filter((name) => name.startsWith('state-'));

/** The copy is the state as of the end of `beforeEach`, row by row. */
async function expectWhole(): Promise<void> {
  if (received === undefined) throw new Error('nothing was received');
  const copy = openState(received.state.path);
  expect(copy.visible).toMatchObject({ revision: OBJECTS, appliedIndex: OBJECTS });
  for (let index = 1; index <= OBJECTS; index++) {
    const row = state.snapshot.get('objects', `a/${index}`);
    expect(row !== undefined && copy.snapshot.get('objects', `a/${index}`)?.equals(row)).toBe(true);
  }
  expect(copy.snapshot.count('objects', 'a/', 'a0')).toBe(OBJECTS);
  await copy.close();
}

async function chunksInAll(): Promise<number> {
  const whole = new StateExport(await state.takeSnapshot());
  let chunks = 0;
  for await (const chunk of whole.chunks()) chunks += chunk.length > 0 ? 1 : 0;
  whole.release();
  return chunks;
}

describe('a snapshot whose connection is cut', () => {
  it('goes on behind what has arrived, and only the rest is sent', async () => {
    const all = await chunksInAll();
    const { send, sender, reports } = await sending();
    cutAfter(5);
    await send();
    expect([receiver.chunksOf(streams[0]?.id ?? ''), stateDirectories().length]).toEqual([5, 1]);
    // What is written meanwhile is in the log behind the snapshot, and not in it.
    await put(OBJECTS + 1);
    await send({ snapshot: { index: OBJECTS + 1, term: TERM, confState: conf } });
    expect(streams).toEqual([
      { id: streams[0]?.id, from: 0, chunks: 5 },
      { id: streams[0]?.id, from: 5, chunks: all - 5 },
    ]);
    expect(received?.meta.index).toBe(OBJECTS);
    await expectWhole();
    expect([reports, sender.indexFor(2)]).toEqual([[false, true], undefined]);
  });

  it('goes on though the receiver was started again meanwhile', async () => {
    const all = await chunksInAll();
    const { send } = await sending();
    cutAfter(7);
    await send();
    await receiver.close();
    receiver = await SnapshotReceiver.open({ dataDir: directory, say: nothing }, 'state-in-use');
    await send();
    expect(streams.map(({ from, chunks }) => [from, chunks])).toEqual([
      [0, 7],
      [7, all - 7],
    ]);
    await expectWhole();
    // It is a state now, that entries are applied to: nothing goes on with it.
    await receiver.close();
    receiver = await SnapshotReceiver.open({ dataDir: directory, say: nothing }, received?.directory ?? '');
    expect([receiver.chunksOf(streams[0]?.id ?? ''), stateDirectories()]).toEqual([0, [received?.directory]]);
  });

  it.each([
    ['another term has begun', {}, { term: TERM + 1 }],
    ['the log behind it is gone', { firstIndex: () => OBJECTS + 2 }, {}],
  ])('is sent whole when %s', async (_, bounds, changes) => {
    const all = await chunksInAll();
    const { send } = await sending(bounds);
    cutAfter(5);
    await send();
    await send(changes);
    expect(streams.map(({ from, chunks }) => [from, chunks])).toEqual([
      [0, 5],
      [0, all],
    ]);
    expect(streams[1]?.id).not.toBe(streams[0]?.id);
    // What came of the first one is gone.
    expect(stateDirectories()).toEqual([received?.directory]);
    await expectWhole();
  });

  it.each([
    ['knows nothing of it any more', { chunks: 0 }],
    ['is of a release that cannot tell', {}],
    ['has more than was sent', { chunks: 1_000 }],
  ])('is sent whole when the member %s', async (_, answer) => {
    const all = await chunksInAll();
    const { send } = await sending();
    cutAfter(5);
    await send();
    answerOf = () => answer;
    await send();
    expect(streams[1]).toMatchObject({ from: 0, chunks: all });
    await expectWhole();
  });

  it('begins anew when the whole does not match its checksum', async () => {
    const all = await chunksInAll();
    const { send, reports } = await sending();
    cutAfter(5);
    await send();
    // The last chunk says that something else was sent.
    onWay = (chunk, place) => {
      if (place < all - 5) return chunk;
      const [version, table, rows, none, sum] = packr.unpack(chunk) as [number, number, number, [], number];
      return packr.pack([version, table, rows, none, sum ^ 1]);
    };
    await send();
    expect([streams[1]?.from, stateDirectories()]).toEqual([5, []]);
    onWay = (chunk) => chunk;
    await send();
    expect(streams[2]).toMatchObject({ from: 0, chunks: all });
    expect(reports).toEqual([false, false, true]);
    await expectWhole();
  });

  it('is given up when it does not go on in time, on both sides', async () => {
    const { send, sender } = await sending({ keepMs: 1 });
    receiver = new SnapshotReceiver({ dataDir: directory, say: nothing, keepMs: 1 });
    cutAfter(5);
    await send();
    await until(() => sender.indexFor(2) === undefined && stateDirectories().length === 0);
    expect(receiver.chunksOf(streams[0]?.id ?? '')).toBe(0);
  });

  it('holds no read transaction when leader or term change, or when the sender closes', async () => {
    const { send, sender } = await sending();
    cutAfter(5);
    await send();
    expect(sender.indexFor(2)).toBe(OBJECTS);
    sender.forget();
    expect(sender.indexFor(2)).toBeUndefined();
    sender.close();
    streams = [];
    cutAfter(5);
    expect(await send()).toBe(false);
    expect([streams, sender.indexFor(2)]).toEqual([[], undefined]);
  });
});
