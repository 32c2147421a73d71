import { Packr } from 'msgpackr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CorruptRecordError } from '../store/rows.js';
import { StateExport } from '../store/snapshot.js';
import { until } from '../testing/until.js';
import { LoneLeader, messageOf } from './leader.testkit.js';
import { type ProgressRequest, SnapshotSender, type SnapshotSenderOptions } from './snapshot-sender.js';
import { decodeSnapshotHeader } from './wire.js';

const packr = new Packr({ useRecords: false, int64AsType: 'number' });
const TERM = 3;
let bench: LoneLeader;
let said: string[] = [];
let reports: string[] = [];
let asked: string[] = [];
let corrupt: string[] = [];
/** What of each stream arrived: the header's `from`, and how many chunks behind it. */
let streams: string[] = [];
let term: number | undefined = TERM;
let isDisputed = false;
/** What a member says that it has. */
let has: unknown;
/** A stream breaks off behind so many chunks, the header included. */
let breaksAt = Number.POSITIVE_INFINITY;
let reason = 'the cable was pulled';

beforeEach(async () => {
  [said, reports, asked, corrupt, streams] = [[], [], [], [], []];
  [term, isDisputed, has, breaksAt, reason] = [TERM, false, 2, Number.POSITIVE_INFINITY, 'the cable was pulled'];
  bench = await LoneLeader.open();
  await bench.lead();
  for (let i = 0; i < 6; i++) await bench.put(`k${i}`, 300_000);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await bench.close();
});

function open(more: Partial<SnapshotSenderOptions> = {}): SnapshotSender {
  return new SnapshotSender({
    state: bench.state,
    firstIndex: () => 1,
    lastIndex: () => 7,
    leads: () => term,
    stream: async (to, chunks) => {
      let from = 0;
      let count = 0;
      for await (const chunk of chunks) {
        if (count === 0) from = decodeSnapshotHeader(chunk).transfer?.from ?? 0;
        count += 1;
        if (count === breaksAt) break;
      }
      streams.push(`to ${to} from ${from}`);
      if (count === breaksAt) throw new Error(reason);
    },
    ask: (to, payload) => {
      const { op } = packr.unpack(payload) as ProgressRequest;
      asked.push(`${to} ${op}`);
      return Promise.resolve(packr.pack({ chunks: has }));
    },
    report: (to, ok) => void reports.push(`${to} ${ok}`),
    onCorrupt: (error) => void corrupt.push(error.key),
    disputed: () => isDisputed,
    say: (level, text) => void said.push(`${level}: ${text}`),
    ...more,
  });
}
const message = (to = 2, more: object = {}) => ({
  ...messageOf(1, 'snapshot', { term: TERM }),
  to,
  snapshot: { index: 7, term: 1, confState: bench.state.meta.conf },
  ...more,
});
const BEGUN = 'info: sending a snapshot to member 2';
const failed = (why: string): string => `warn: the snapshot for member 2 was not delivered: ${why}`;
/** One that breaks off when three chunks have left. */
async function broken(sender: SnapshotSender, to = 2): Promise<void> {
  breaksAt = 4;
  await sender.send(message(to));
  breaksAt = Number.POSITIVE_INFINITY;
}

describe('a snapshot that is delivered', () => {
  it('is told of, reported, and over; another for the same member meanwhile is the same one', async () => {
    const sender = open();
    const sending = sender.send(message());
    await sender.send(message());
    await sending;
    expect([streams, reports, said, sender.indexFor(2)]).toEqual([['to 2 from 0'], ['2 true'], [BEGUN], undefined]);
    await sender.send(message());
    expect([reports.length, asked]).toEqual([2, []]);
  });
});

describe('a snapshot that breaks off', () => {
  it('is kept, asked about when Raft asks for one again, and goes on behind what the member has', async () => {
    const sender = open();
    await broken(sender);
    expect([reports, sender.indexFor(2), asked]).toEqual([['2 false'], 7, []]);
    await sender.send(message());
    expect([streams, asked]).toEqual([['to 2 from 0', 'to 2 from 2'], ['2 snapshotProgress']]);
    expect(said).toEqual([BEGUN, failed('the cable was pulled'), `${BEGUN}, from chunk 2 on`]);
    expect([reports, sender.indexFor(2)]).toEqual([['2 false', '2 true'], undefined]);
  });

  it.each([[0], [1.5], [-1], ['2'], [undefined], [100]])(
    'begins anew where the member says that it has %s',
    async (what) => {
      const sender = open();
      await broken(sender);
      has = what;
      await sender.send(message());
      expect([streams, asked.length]).toEqual([['to 2 from 0', 'to 2 from 0'], 1]);
    },
  );

  it('begins anew in another term, and where the log does not go on from it', async () => {
    let first = 1;
    const sender = open({ firstIndex: () => first });
    await broken(sender);
    term = TERM + 1;
    await sender.send(message(2, { term: TERM + 1 }));
    term = TERM;
    await broken(sender);
    first = 9;
    await sender.send(message());
    expect([streams, asked]).toEqual([Array(4).fill('to 2 from 0'), []]);
    await broken(sender);
    // What follows it is there still.
    first = 8;
    await sender.send(message());
    expect([streams.at(-1), asked]).toEqual(['to 2 from 2', ['2 snapshotProgress']]);
  });

  it('is not kept when nothing of it left, when this replica leads no more, or when leadership changes', async () => {
    const sender = open();
    breaksAt = 1;
    await sender.send(message());
    expect(sender.indexFor(2)).toBeUndefined();
    term = undefined;
    await broken(sender);
    expect(sender.indexFor(2)).toBeUndefined();
    term = TERM;
    await broken(sender);
    expect(sender.indexFor(2)).toBe(7);
    sender.forget();
    expect(sender.indexFor(2)).toBeUndefined();
  });

  it('is kept for a bounded time, and for four members at most, of whom the first is given up', async () => {
    const sender = open({ keepMs: 30 });
    await broken(sender);
    expect(sender.indexFor(2)).toBe(7);
    await until(() => sender.indexFor(2) === undefined);
    const patient = open();
    for (const to of [2, 3, 4, 5]) await broken(patient, to);
    expect([2, 3, 4, 5].map((to) => patient.indexFor(to))).toEqual([7, 7, 7, 7]);
    await broken(patient, 6);
    expect([2, 3, 4, 5, 6].map((to) => patient.indexFor(to))).toEqual([undefined, 7, 7, 7, 7]);
    patient.close();
  });

  it('is told of again after half a minute, and at once for another reason', async () => {
    // Time goes on only as this says, however slow the machine is.
    const begun = performance.now();
    let offset = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => begun + offset);
    const sender = open();
    const told = async (): Promise<string[]> => {
      said = [];
      await broken(sender);
      sender.forget();
      return said.filter((text) => text.startsWith('warn'));
    };
    expect(await told()).toEqual([failed('the cable was pulled')]);
    expect(await told()).toEqual([]);
    reason = 'it was dug up';
    expect(await told()).toEqual([failed('it was dug up')]);
    offset = 29_000;
    expect(await told()).toEqual([]);
    offset = 31_000;
    expect(await told()).toEqual([failed('it was dug up')]);
  });
});

describe('a state that must not be sent', () => {
  it('is sent to nobody while states differ, nor on when that is found out', async () => {
    let chunksSent = 0;
    const sender = open({
      stream: async (_, chunks) => {
        for await (const chunk of chunks) {
          chunksSent += chunk.length > 0 ? 1 : 0;
          isDisputed = chunksSent === 2;
        }
      },
    });
    isDisputed = true;
    await sender.send(message());
    expect(chunksSent).toBe(0);
    isDisputed = false;
    await sender.send(message());
    expect([chunksSent, reports]).toEqual([2, ['2 false', '2 false']]);
    expect(said.filter((text) => text.startsWith('warn'))).toEqual([
      expect.stringMatching(/was not delivered: the states of the replicas differ/),
    ]);
  });

  it('is kept for no second attempt where a record is damaged, which is told', async () => {
    vi.spyOn(StateExport.prototype, 'chunks').mockImplementation(() => {
      throw new CorruptRecordError('objects', 'k1', 'bad checksum');
    });
    vi.spyOn(StateExport.prototype, 'read', 'get').mockReturnValue(1);
    const sender = open();
    await sender.send(message());
    expect([corrupt, reports, sender.indexFor(2)]).toEqual([['k1'], ['2 false'], undefined]);
  });

  it('is not there yet, or not any more', async () => {
    const empty = await LoneLeader.open();
    try {
      await open({ state: empty.state }).send(message(2, { snapshot: { index: 0, term: 0, confState: {} } }));
      expect(said).toEqual([failed('there is no state to send yet')]);
    } finally {
      await empty.close();
    }
    const sender = open();
    sender.close();
    await sender.send(message(3));
    expect(said.at(-1)).toBe('warn: the snapshot for member 3 was not delivered: this replica is shutting down');
    expect(streams).toEqual([]);
  });

  it('is begun all the same where what breaks off is given up before there is anything of it', async () => {
    const sender = open();
    const sending = sender.send(message());
    sender.release();
    await sending;
    expect([reports, streams]).toEqual([['2 true'], ['to 2 from 0']]);
  });

  it('is given up, also amid the sending, when the state is replaced', async () => {
    const taken = vi.spyOn(bench.state, 'takeSnapshot');
    const sender = open({
      stream: async (_, chunks) => {
        for await (const chunk of chunks) if (chunk.length > 0) sender.release();
      },
    });
    await sender.send(message());
    expect(said.at(-1)).toBe(failed('the snapshot is not held any more'));
    expect((await taken.mock.results[0]?.value)?.released).toBe(true);
  });
});
