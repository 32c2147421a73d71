import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeProposal } from '../store/command.js';
import { StateStore } from '../store/state.js';
import { judge, type Witness } from './verdict.js';
import { decodeVerifyReply, Verifier, type VerifyRequest } from './verify.js';
import { vouchForOthers } from './vouch.js';

const directories: string[] = [];
const states: StateStore[] = [];
afterEach(async () => {
  await Promise.all(states.splice(0).map((state) => state.close()));
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const VOTERS = [1, 2, 3];

/** A voter of three, which has applied so many writes. */
function voter(
  id: number,
  lineage: string,
  writes: number,
): { readonly state: StateStore; readonly verifier: Verifier } {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-vouch-'));
  directories.push(directory);
  const state = new StateStore({
    path: directory,
    conf: { voters: VOTERS, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
    members: new Map(),
    lineage,
    onVisible: () => undefined,
    onDurable: () => undefined,
    onDiskFull: () => undefined,
    onFatal: (error) => {
      throw error;
    },
  });
  states.push(state);
  for (let index = 1; index <= writes; index++) {
    write(state, index);
  }
  const verifier = new Verifier({
    id,
    state,
    ask: () => Promise.reject(new Error('nobody is asked')),
    onDiverged: () => undefined,
    say: () => undefined,
  });
  return { state, verifier };
}

type Voter = ReturnType<typeof voter>;

/** Voter 3 vouches for the others; who of them counts for a lineage of its own afterwards? */
async function vouched([first, second, damaged]: readonly [Voter, Voter, Voter]): Promise<string[]> {
  const others = new Map([
    [1, first],
    [2, second],
  ]);
  await vouchForOthers({
    self: 3,
    state: damaged.state,
    ask: async (id, request: VerifyRequest) => {
      const other = others.get(id);
      if (other === undefined) throw new Error(`${id} is away`);
      return decodeVerifyReply(other.verifier.answer(request));
    },
    say: () => undefined,
  });
  return [first, second].map(({ state }) => state.meta.lineage.slice(0, 2));
}

describe('a replica that gives up its damaged state', () => {
  it('is the second witness for others that share one lineage, so that they can confirm a copy for it', async () => {
    const [first, second, damaged] = [voter(1, '1-x', 5), voter(2, '1-x', 5), voter(3, '3-x', 3)] as const;
    const judged = (): string => {
      const witnesses = [first, second].map(({ state }, i): [number, Witness] => {
        const { changes = '', rows } = state.hashAt(5) ?? {};
        return [i + 1, { changes, rows, lineage: state.meta.lineage }];
      });
      return judge(new Map(witnesses), VOTERS).kind;
    };
    expect(judged()).toBe('unknown');
    expect(await vouched([first, second, damaged])).toEqual(['1-', '2-']);
    expect(judged()).toBe('agreed');
  });

  it('vouches for the changes also when rows of its own are gone', async () => {
    const damaged = voter(3, '3-x', 3);
    damaged.state.meta.sums.liveA ^= 1;
    expect(await vouched([voter(1, '1-x', 5), voter(2, '1-x', 5), damaged])).toEqual(['1-', '2-']);
  });

  it('vouches for nobody who had another state then', async () => {
    const damaged = voter(3, '3-x', 2);
    Object.assign(damaged.state.meta, { hashA: 1 });
    write(damaged.state, 3);
    expect(await vouched([voter(1, '1-x', 5), voter(2, '1-x', 5), damaged])).toEqual(['1-', '1-']);
  });

  it('counts nobody in who has not come that far', async () => {
    const [copied, behind, damaged] = [voter(1, '2-x', 5), voter(2, '2-x', 1), voter(3, '3-x', 3)] as const;
    expect(await vouched([copied, behind, damaged])).toEqual(['1-', '2-']);
  });

  it('says nothing while there is a dispute', async () => {
    const second = voter(2, '1-x', 5);
    second.verifier.answer({ op: 'disputed', revision: 5 });
    expect(await vouched([voter(1, '1-x', 5), second, voter(3, '3-x', 3)])).toEqual(['1-', '1-']);
  });

  it('asks nobody before it has applied a write, nor when it has no vote', async () => {
    const asked: string[] = [];
    const ask = (id: number, { op }: VerifyRequest): Promise<never> => {
      asked.push(`${id} ${op}`);
      return Promise.reject(new Error('away'));
    };
    const vouch = (self: number, { state }: Voter): Promise<void> =>
      vouchForOthers({ self, state, ask, say: (level, text) => asked.push(`${level}: ${text}`) });
    await vouch(3, voter(3, '3-x', 0));
    await vouch(4, voter(4, '4-x', 3));
    expect(asked).toEqual([]);
    await vouch(3, voter(3, '3-x', 3));
    expect(asked).toEqual([
      '1 hash',
      '2 hash',
      'debug: member 1 did not say how its state compares: away',
      'debug: member 2 did not say how its state compares: away',
    ]);
  });

  it('is no witness where its own state is a copy of theirs, and somebody is away', async () => {
    const [first, second, damaged] = [voter(1, '1-x', 5), voter(2, '1-x', 1), voter(3, '1-x', 3)] as const;
    expect(await vouched([first, second, damaged])).toEqual(['1-', '1-']);
  });
});

function write(state: StateStore, index: number): void {
  const txn = { compares: [], ops: [{ type: 'put', key: 'a/1', value: Buffer.from('x'), revisionAt: -1 } as const] };
  const commands = [{ kind: 'txn', txn } as const];
  state.applyEntry(index, 1, encodeProposal({ proposer: 1, seq: index, time: 0, commands }));
}
