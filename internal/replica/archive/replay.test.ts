import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Entry } from '../../raft/index.js';
import { encodeProposal } from '../../store/command.js';
import { LoneLeader } from '../leader.testkit.js';
import { encodeLogPiece, type LogPieceHeader, type TimedEntry } from './log-piece.js';
import { type ArchivedLog, logName } from './names.js';
import type { RestorePoint } from './plan.js';
import { replay } from './replay.js';
import type { ArchiveTarget } from './target.js';

/** A change of the membership, whatever it was. */
const CHANGE = Buffer.from('change');
let bench: LoneLeader;
beforeEach(async () => {
  bench = await LoneLeader.open();
});
afterEach(() => bench.close());

/** Puts of these keys, each only if the object is not there. */
const proposalOf = (seq: number, keys: readonly string[]): Buffer =>
  encodeProposal({
    proposer: 9,
    seq,
    time: 0,
    commands: keys.map((key) => ({
      kind: 'txn' as const,
      txn: {
        compares: [{ key, modRevision: 0 }],
        ops: [{ type: 'put' as const, key, value: Buffer.from('v'), revisionAt: -1 }],
      },
    })),
  });

/** A piece of the log: its entries, and what its header or its name says that is otherwise than usual. */
interface Piece {
  readonly first?: number;
  readonly payloads: readonly (Buffer | Entry['type'])[];
  readonly header?: Partial<LogPieceHeader>;
  readonly named?: Partial<ArchivedLog>;
}

/** Replays pieces, whose entry n was appended n seconds after the beginning of 1970, up to a moment; what was read. */
async function replayed(pieces: readonly Piece[], point: RestorePoint, into = bench): Promise<string[]> {
  const read: string[] = [];
  const files = new Map<string, Buffer>();
  const logs = pieces.map(({ first = 1, payloads, header = {}, named = {} }): ArchivedLog => {
    const last = first + payloads.length - 1;
    const entries = payloads.map((data, i): TimedEntry => {
      const isChange = !Buffer.isBuffer(data);
      const entry = { index: first + i, term: 1, type: isChange ? data : 'normal', data: isChange ? CHANGE : data };
      return { entry, timeMs: (first + i) * 1_000 };
    });
    const place = { first, last, revision: header.revision ?? 0, timeMs: last * 1_000 };
    const log = { ...place, ...named };
    const name = logName(log);
    const whole = { version: 1, cluster: 7, first, last, revision: 0, changes: '', member: 'a', ...header } as const;
    files.set(name, encodeLogPiece(whole, entries));
    return { name, ...log };
  });
  const target = {
    read: (name: string) => {
      read.push(name);
      return Promise.resolve(files.get(name));
    },
  } as unknown as ArchiveTarget;
  const base = { name: 'base', index: 0, revision: 0, timeMs: 0 };
  const progress = (done: number, total: number): void => void read.push(`${done} of ${total}`);
  await replay(into.state, 7, target, { base, logs }, point, progress);
  return read;
}
const failureOf = (pieces: readonly Piece[], point: RestorePoint, into = bench): Promise<string> =>
  replayed(pieces, point, into).then(
    () => '',
    (error: Error) => `${error.name}: ${error.message}`,
  );
const nameOf = (first: number, last: number, revision: number): string =>
  logName({ first, last, revision, timeMs: last * 1_000 });
const keys = (): string[] =>
  ['k/1', 'k/2', 'k/3', 'k/4'].filter((key) => bench.state.snapshot.get('objects', key) !== undefined);

it('a revision amid an entry is reached change by change, and what follows is left out', async () => {
  await replayed([{ payloads: [proposalOf(1, ['k/1', 'k/2', 'k/3'])] }], { revision: 2 });
  expect([bench.state.meta.revision, keys()]).toEqual([2, ['k/1', 'k/2']]);
});

it('an entry of which little took effect is applied whole, and once', async () => {
  // All but one of its changes are refused; and it is in the log twice, as after an answer that was lost.
  const once = proposalOf(2, ['k/1', 'k/1', 'k/1', 'k/2']);
  const again = proposalOf(2, ['k/3', 'k/3', 'k/3', 'k/3']);
  await replayed([{ payloads: [proposalOf(1, ['k/1']), once, again, proposalOf(3, ['k/4'])] }], { revision: 3 });
  expect([bench.state.meta.revision, keys()]).toEqual([3, ['k/1', 'k/2', 'k/4']]);
});

it('a time is reached with the last entry that was appended by then, and nothing behind that is read', async () => {
  const pieces = [
    { payloads: [proposalOf(1, ['k/1']), proposalOf(2, ['k/2']), proposalOf(3, ['k/3'])] },
    { first: 4, payloads: [proposalOf(4, ['k/4'])] },
  ];
  expect(await replayed(pieces, { timeMs: 2_000 })).toEqual([nameOf(1, 3, 0), '1 of 2']);
  expect([bench.state.meta.revision, keys()]).toEqual([2, ['k/1', 'k/2']]);
});

it('a revision is reached with the entry that makes it, and nothing behind that is read', async () => {
  const pieces = [
    { payloads: [proposalOf(1, ['k/1']), proposalOf(2, ['k/2'])] },
    { first: 3, payloads: [proposalOf(3, ['k/3'])] },
  ];
  expect(await replayed(pieces, { revision: 1 })).toEqual([nameOf(1, 2, 0), '1 of 2']);
  expect([bench.state.meta.revision, bench.state.meta.appliedIndex, keys()]).toEqual([1, 1, ['k/1']]);
});

it('without a moment all pieces are applied; a change of the membership counts and changes nothing', async () => {
  const { conf, members } = bench.state.meta;
  const pieces: Piece[] = [
    { payloads: [proposalOf(1, ['k/1']), 'confChange', Buffer.alloc(0)] },
    { first: 4, payloads: [proposalOf(2, ['k/2'])] },
  ];
  expect(await replayed(pieces, {})).toEqual([nameOf(1, 3, 0), '1 of 2', nameOf(4, 4, 0), '2 of 2']);
  expect(bench.state.meta).toMatchObject({ appliedIndex: 4, revision: 2, conf });
  expect([bench.state.meta.members, bench.state.durableIndex, keys()]).toEqual([members, 4, ['k/1', 'k/2']]);
});

it('a piece that was renamed, or is of another cluster, is refused by name', async () => {
  const payloads = [proposalOf(1, ['k/1']), proposalOf(2, ['k/2'])];
  for (const named of [{ first: 2 }, { last: 3 }, { revision: 1 }]) {
    const { first, last, revision } = { first: 1, last: 2, revision: 0, ...named };
    const name = logName({ first, last, revision, timeMs: 2_000 });
    expect(await failureOf([{ payloads, named }], {})).toBe(
      `FatalError: the archived log ${name} is another than its name says: it was renamed. Name it as it was.`,
    );
  }
  expect(await failureOf([{ payloads, header: { cluster: 8 } }], {})).toBe(
    `FatalError: the archived log ${nameOf(1, 2, 0)} is of another cluster than the copy of the state before it.`,
  );
  expect(bench.state.meta.revision).toBe(0);
});

it('a log that leads to another state than it once did is refused, unless what follows leads there again', async () => {
  await replayed([{ payloads: [proposalOf(1, ['k/1']), proposalOf(2, ['k/2'])] }], {});
  const changes = bench.state.hashAt(2)?.changes ?? '';
  const first = (header: Partial<LogPieceHeader>): Piece => ({ payloads: [proposalOf(1, ['k/1'])], header });
  const second = (header: Partial<LogPieceHeader>): Piece => ({ first: 2, payloads: [proposalOf(2, ['k/2'])], header });
  const wrong = { revision: 1, changes: 'x' };
  const failure = async (pieces: readonly Piece[], point: RestorePoint = {}): Promise<string> => {
    const other = await LoneLeader.open();
    try {
      return await failureOf(pieces, point, other);
    } finally {
      await other.close();
    }
  };
  const damaged = (name: string): string =>
    `FatalError: the archived log ${name} leads to another state than it did when it was written: the archive is damaged ` +
    'before its end. Restore to an earlier moment.';
  expect(await failure([first({}), second({ revision: 2, changes })])).toBe('');
  expect(await failure([first(wrong), second({ revision: 2, changes })])).toBe('');
  expect(await failure([first(wrong)])).toBe(damaged(nameOf(1, 1, 1)));
  expect(await failure([first(wrong), second({})])).toBe(damaged(nameOf(1, 1, 1)));
  expect(await failure([first({}), second({ revision: 2, changes: 'x' })])).toBe(damaged(nameOf(2, 2, 2)));
  expect(await failure([first({}), second({ revision: 3, changes })])).toBe(damaged(nameOf(2, 2, 3)));
  // Of what is beyond the moment nothing can be said.
  expect(await failure([first({}), second({ revision: 2, changes: 'x' })], { revision: 1 })).toBe('');
  expect(await failure([first({}), second({ revision: 2, changes: 'x' })], { timeMs: 1_000 })).toBe('');
});

it('a revision that the archive does not reach is refused', async () => {
  const pieces = [{ payloads: [proposalOf(1, ['k/1']), proposalOf(2, ['k/2'])] }];
  expect(await failureOf(pieces, { revision: 3 })).toBe(
    'FatalError: the archive ends at revision 2: revision 3 is not in it. Restore to that one, or leave it away.',
  );
  expect(await failureOf([], { revision: 2 })).toBe('');
});
