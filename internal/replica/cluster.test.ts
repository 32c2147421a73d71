import { afterEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster, type TestClusterOptions } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { CompactedError, type TxnResult, UnavailableError } from '../store/types.js';
import type { Replica } from './index.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

async function three(options: TestClusterOptions = {}): Promise<TestCluster> {
  cluster = await startCluster({ size: 3, ...options });
  return cluster;
}
const put = (replica: Replica, key: string, text: string, timeoutMs?: number): Promise<TxnResult> =>
  replica.backend.txn(
    { compares: [], ops: [{ type: 'put', key, value: Buffer.from(text), revisionAt: -1 }] },
    timeoutMs,
  );
const read = async (replica: Replica, key: string): Promise<string | undefined> => {
  await replica.backend.readBarrier();
  return replica.backend.get(key)?.value.toString();
};
const others = (leader: number): readonly [number, number] => [(leader + 1) % 3, (leader + 2) % 3];
describe('three members', () => {
  it('take writes anywhere, and read what was acknowledged anywhere before', async () => {
    const c = await three();
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 3; i++) {
        await put(c.replica(i), 'a/1', `${round}.${i}`);
        for (let j = 0; j < 3; j++) expect(await read(c.replica(j), 'a/1')).toBe(`${round}.${i}`);
      }
    }
    const hashes = new Set(c.running().map((replica) => replica.status().stateHash));
    expect(hashes.size).toBe(1);
  });

  it('go on without their leader, and it catches up when it comes back', async () => {
    const c = await three();
    await put(c.replica(0), 'a/1', 'before');
    const leader = await c.leader();
    const [b] = others(leader);
    await c.stop(leader);
    await put(c.replica(b), 'a/1', 'without');
    const back = await c.start(leader);
    await back.ready();
    expect(await read(back, 'a/1')).toBe('without');
    expect(back.status().stateHash).toBe(c.replica(b).status().stateHash);
  });

  it('lose no write and do none twice while leaders change under load', async () => {
    const c = await three({ unsafeNoTls: true });
    let stop = false;
    /** Every write has a text of its own. */
    const acknowledged = new Set<string>();
    const client = async (n: number): Promise<void> => {
      for (let i = 0; !stop; i++) {
        const replica = c.running()[n % 3] ?? c.running()[0];
        if (replica === undefined) return;
        const text = `${n}-${i}`;
        try {
          await put(replica, `k/${n}`, text, 5_000);
          acknowledged.add(text);
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
        }
      }
    };
    const clients = Array.from({ length: 6 }, (_, n) => client(n));
    for (let round = 0; round < 3; round++) {
      await until(() => acknowledged.size > round * 200 + 100);
      const leader = await c.leader();
      await c.stop(leader);
      const size = acknowledged.size;
      await until(() => acknowledged.size > size + 50);
      await (await c.start(leader)).ready();
    }
    stop = true;
    await Promise.all(clients);
    for (const { backend } of c.running()) {
      await backend.readBarrier();
      // What was not acknowledged may be there or not.
      const done = backend.changes(0, Number.MAX_SAFE_INTEGER).map(({ value }) => value?.toString());
      expect(done).toHaveLength(new Set(done).size);
      expect([...acknowledged].filter((text) => !done.includes(text))).toEqual([]);
    }
    expect(new Set(c.running().map((replica) => replica.status().stateHash)).size).toBe(1);
  });

  it('refuse writes and linearizable reads without a majority, read locally, and heal', async () => {
    const c = await three();
    await put(c.replica(0), 'a/1', 'x');
    await Promise.all(c.running().map((replica) => read(replica, 'a/1')));
    const leader = await c.leader();
    const [b, d] = others(leader);
    await c.stop(leader);
    await c.stop(b);
    const last = c.replica(d);
    await expect(put(last, 'a/1', 'y', 300)).rejects.toThrow(UnavailableError);
    await expect(last.backend.readBarrier(300)).rejects.toThrow(UnavailableError);
    expect(last.backend.get('a/1')?.value.toString()).toBe('x');
    await c.start(b);
    await put(last, 'a/1', 'z');
    expect(await read(c.replica(b), 'a/1')).toBe('z');
  });

  it('restart all at once with everything that was acknowledged', async () => {
    const c = await three();
    for (let i = 0; i < 20; i++) await put(c.replica(i % 3), `a/${i}`, String(i));
    await Promise.all([0, 1, 2].map((i) => c.stop(i)));
    await Promise.all([0, 1, 2].map((i) => c.start(i)));
    for (let i = 0; i < 20; i++) expect(await read(c.replica(i % 3), `a/${i}`)).toBe(String(i));
  });

  it('hand over leadership on request', async () => {
    const c = await three();
    const leader = await c.leader();
    const [b] = others(leader);
    c.replica(leader).transferLeader(`r${b}`);
    await until(() => c.replica(b).status().role === 'leader');
    await put(c.replica(leader), 'a/1', 'x');
    expect(() => c.replica(b).transferLeader('nobody')).toThrow('no member is named nobody');
  });

  it('send a snapshot to a member that is too far behind; watches there start anew', async () => {
    const said: string[] = [];
    const c = await three({ config: { logKeepEntries: 20, log: (_level, text) => said.push(text) } });
    const leader = await c.leader();
    const [behind] = others(leader);
    await put(c.replica(leader), 'a/old', 'x'.repeat(100));
    await c.replica(behind).backend.readBarrier();
    await c.stop(behind);
    const big = 'y'.repeat(5_000);
    for (let i = 0; i < 300; i++) await put(c.replica(leader), `a/${i % 50}`, `${i}${big}`);
    await c.replica(leader).compact(250);
    // What the other has missed is gone from the log.
    await until(() => c.replica(leader).status().logFirst > 200);
    const back = await c.start(behind);
    let announced = 0;
    back.backend.onApplied((revision) => (announced = revision));
    await back.ready();
    expect(said).toContainEqual(expect.stringContaining('installed a snapshot'));
    expect(back.status().stateHash).toBe(c.replica(leader).status().stateHash);
    expect(back.backend.compactRevision).toBe(250);
    expect(() => back.backend.changes(1, 10)).toThrow(CompactedError);
    expect(back.backend.changes(299, 10)).toHaveLength(2);
    expect(announced).toBe(301);
    expect(back.backend.get('a/old')?.value.toString()).toBe('x'.repeat(100));
    await put(back, 'a/new', 'z');
    // And again after a restart: the received state is the one on disk.
    await c.stop(behind);
    const again = await c.start(behind);
    expect(await read(again, 'a/new')).toBe('z');
    expect(again.status().stateHash).toBe(c.replica(leader).status().stateHash);
  });

  it('turn away a member that lost its disk', async () => {
    const refused: string[] = [];
    const c = await three({ config: { onFatal: (error) => refused.push(error.message) } });
    await put(c.replica(0), 'a/1', 'x');
    const [behind] = others(await c.leader());
    await c.stop(behind);
    await c.start(behind, { wipe: true });
    await until(() => refused.length > 0);
    expect(refused[0]).toContain(`member r${behind} came back with another data directory`);
    expect(refused[0]).toMatch(/join it as a new member: with an empty data directory, and --join/);
    await put(c.replica(await c.leader()), 'a/1', 'y');
  });
});
