import { afterEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { diverge, lead, pretendDiverged, put } from './state.testkit.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

/** Three replicas, what they said, and why they gave up. */
async function threeReplicas(
  logKeepEntries: number,
  slowToStand: readonly number[] = [],
): Promise<{ c: TestCluster; told: string[]; said: string[] }> {
  const told: string[] = [];
  const said: string[] = [];
  const c = await startCluster({
    size: 3,
    unsafeNoTls: true,
    config: { logKeepEntries },
    configOf: (i) => ({
      onFatal: (error) => told.push(`r${i}: ${error.message}`),
      log: (_level, text) => said.push(`r${i}: ${text}`),
      ...(slowToStand.includes(i) ? { electionMs: 10_000 } : {}),
    }),
  });
  cluster = c;
  await put(c.replica(0), 'a/1', 'acknowledged');
  await Promise.all(c.running().map(async (replica) => replica.backend.readBarrier()));
  return { c, told, said };
}

describe('while two of three replicas differ', () => {
  it('the third gets no copy of either, and the only right one is not told that it is wrong', {
    timeout: 120_000,
  }, async () => {
    const [wrong, right, away] = [0, 1, 2];
    // The wrong one leads: with the right one, nobody would think of giving the wrong state away.
    const { c, told, said } = await threeReplicas(10, [right, away]);
    await c.stop(away);
    // Behind logs that are forgotten before anybody looks: nobody can tell the third what it missed but by a copy.
    let i = 0;
    await until(() => c.running().every((replica) => replica.status().logFirst > 20), {
      meanwhile: () => put(c.replica(right), 'b/x', String(i++)),
    });
    await c.replica(wrong).backend.readBarrier();
    await c.stop(right);
    await c.stop(wrong);
    await diverge(c, wrong, 'a/1');
    await Promise.all([c.start(wrong), c.start(right)]);
    await lead(c, wrong);
    const back = await c.start(away);
    await until(() => [wrong, right].every((each) => c.replica(each).status().disputed), {
      meanwhile: () => put(c.replica(right), 'b/y', 'z'),
    });
    expect(() => c.replica(wrong).transferLeader(`r${right}`)).toThrow(/leadership stays/);
    await until(() => said.some((text) => /^r0: the snapshot for member .* was not delivered/.test(text)));
    // Two comparisons later nothing has changed.
    const seen = c.replica(wrong).status().differences + 2;
    await until(() => c.replica(wrong).status().differences >= seen, {
      meanwhile: () => put(c.replica(right), 'b/y', 'z'),
    });
    expect(told).toEqual([]);
    expect(said.filter((text) => text.includes('installed a snapshot'))).toEqual([]);
    expect(back.status().revision).toBeLessThan(20);
    expect(c.replica(right).backend.get('a/1')?.value.toString()).toBe('acknowledged');
  });

  it('a copy that nobody could confirm has no vote', { timeout: 120_000 }, async () => {
    const { c, told, said } = await threeReplicas(10);
    const [wrong, right, away] = [0, 1, 2];
    await c.stop(away);
    let i = 0;
    await until(() => c.running().every((replica) => replica.status().logFirst > 20), {
      meanwhile: () => put(c.replica(right), 'b/x', String(i++)),
    });
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
    await until(() => c.running().some((replica) => replica.status().disputed), {
      meanwhile: async () => {
        expect(told).toEqual([]);
        await put(c.replica(right), 'b/y', 'z');
      },
    });
    expect(told).toEqual([]);
    expect(c.replica(right).backend.get('a/1')?.value.toString()).toBe('acknowledged');
  });

  it('the third settles it when it has computed what it missed by itself', { timeout: 120_000 }, async () => {
    const [wrong, right, away] = [0, 1, 2];
    const { c, told } = await threeReplicas(100_000, [right, away]);
    await c.stop(away);
    await c.replica(wrong).backend.readBarrier();
    await c.stop(right);
    await c.stop(wrong);
    await diverge(c, wrong, 'a/1');
    await Promise.all([c.start(wrong), c.start(right)]);
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
