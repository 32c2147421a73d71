import { afterEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { diverge, pretendDiverged, put, until } from './state.testkit.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

/** Three replicas, what they said, and why they gave up. */
async function threeReplicas(logKeepEntries: number): Promise<{ c: TestCluster; told: string[]; said: string[] }> {
  const told: string[] = [];
  const said: string[] = [];
  const c = await startCluster({
    size: 3,
    unsafeNoTls: true,
    config: { logKeepEntries },
    configOf: (i) => ({
      onFatal: (error) => told.push(`r${i}: ${error.message}`),
      log: (_level, text) => said.push(`r${i}: ${text}`),
    }),
  });
  cluster = c;
  await put(c.replica(0), 'a/1', 'acknowledged');
  await Promise.all(c.running().map((replica) => replica.backend.readBarrier()));
  return { c, told, said };
}

/** Makes this replica lead, unless it does. */
async function lead(c: TestCluster, i: number): Promise<void> {
  for (;;) {
    if (c.replica(i).status().role === 'leader') return;
    const other = c.running().find((replica) => replica.status().role === 'leader');
    other?.transferLeader(`r${i}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('while two of three replicas differ', () => {
  it('the third gets no copy of either, and the only right one is not told that it is wrong', {
    timeout: 120_000,
  }, async () => {
    const { c, told, said } = await threeReplicas(10);
    const [wrong, right, away] = [0, 1, 2];
    await c.stop(away);
    // Behind a log that is forgotten before anybody looks.
    for (let i = 0; c.replica(right).status().logFirst <= 20; i++) await put(c.replica(right), 'b/x', String(i));
    await c.stop(wrong);
    await diverge(c, wrong, 'a/1');
    await (await c.start(wrong)).ready();
    await lead(c, wrong);
    const back = await c.start(away);
    const isDisputed = (i: number): boolean => c.replica(i).status().disputed;
    while (!isDisputed(wrong) || !isDisputed(right)) {
      await put(c.replica(right), 'b/y', 'z');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // Whoever of the two leads: one whose own sums of rows tell that something is missing has handed over before.
    const [leader, other] = c.replica(wrong).status().role === 'leader' ? [wrong, right] : [right, wrong];
    expect(() => c.replica(leader).transferLeader(`r${other}`)).toThrow(/leadership stays/);
    await until(() => said.some((text) => /: the snapshot for member .* was not delivered/.test(text)));
    // Two comparisons later nothing has changed.
    const seen = c.replica(leader).status().differences + 2;
    while (c.replica(leader).status().differences < seen) {
      await put(c.replica(wrong), 'b/y', 'z');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(told).toEqual([]);
    expect(said.filter((text) => text.includes('installed a snapshot'))).toEqual([]);
    expect(back.status().revision).toBeLessThan(20);
    expect(c.replica(right).backend.get('a/1')?.value.toString()).toBe('acknowledged');
  });

  it('a copy that nobody could confirm has no vote', { timeout: 120_000 }, async () => {
    const { c, told, said } = await threeReplicas(10);
    const [wrong, right, away] = [0, 1, 2];
    await c.stop(away);
    for (let i = 0; c.running().some((replica) => replica.status().logFirst <= 20); i++) {
      await put(c.replica(right), 'b/x', String(i));
    }
    await c.replica(wrong).backend.readBarrier();
    await c.stop(wrong);
    await c.stop(right);
    await pretendDiverged(c, wrong);
    await c.start(wrong);
    const copy = await c.start(away);
    // Two of three go on, though the third is not there to confirm what the one has of the other.
    await copy.ready();
    expect(said.filter((text) => text.startsWith('r2: installed a snapshot'))).toHaveLength(1);
    await (await c.start(right)).ready();
    const isDisputed = (i: number): boolean => c.replica(i).status().disputed;
    while (![wrong, right, away].some(isDisputed)) {
      expect(told).toEqual([]);
      await put(c.replica(right), 'b/y', 'z');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(told).toEqual([]);
    expect(c.replica(right).backend.get('a/1')?.value.toString()).toBe('acknowledged');
  });

  it('the third settles it when it has computed what it missed by itself', { timeout: 120_000 }, async () => {
    const { c, told } = await threeReplicas(100_000);
    const [wrong, right, away] = [0, 1, 2];
    await c.stop(away);
    await c.stop(wrong);
    await diverge(c, wrong, 'a/1');
    await (await c.start(wrong)).ready();
    await lead(c, wrong);
    await put(c.replica(right), 'b/y', 'z');
    await until(() => c.replica(right).status().disputed);
    await (await c.start(away)).ready();
    await until(() => told.length > 0);
    expect(told).toEqual([expect.stringMatching(/^r0: .*differs from that of the others/)]);
    await c.stop(wrong);
    const mended = await c.start(wrong);
    await mended.ready();
    expect(mended.backend.get('a/1')?.value.toString()).toBe('acknowledged');
    await put(c.replica(right), 'b/y', 'zz');
    await until(() => c.running().every((replica) => !replica.status().disputed));
  });
});
