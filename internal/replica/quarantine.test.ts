import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { diverge, pretendDiverged, put, rot } from './state.testkit.js';
import { openLogDirectory } from './wal/files.js';
import { recover } from './wal/recover.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

describe('a replica that is known to be wrong', () => {
  it('refuses at once, however slow its disk is, and has noted it when it is closed', { timeout: 60_000 }, async () => {
    const fatal: string[] = [];
    let delayMs = 0;
    const c = await startCluster({
      size: 3,
      unsafeNoTls: true,
      config: { onFatal: (e) => fatal.push(e.message) },
      configOf: (i) => (i === 0 ? { unsafeLogDelayMs: () => delayMs } : {}),
    });
    cluster = c;
    await put(c.replica(0), 'a/1', 'acknowledged');
    await Promise.all(c.running().map(async (replica) => replica.backend.readBarrier()));
    await c.stop(0);
    await pretendDiverged(c, 0);
    const replica = await c.start(0);
    await replica.ready();
    await put(c.replica(1), 'a/2', 'y');
    await replica.backend.readBarrier();
    delayMs = 3_000;
    await until(() => replica.status().failure.includes('differs'));
    await expect(replica.backend.readBarrier()).rejects.toThrow('has stopped');
    expect(fatal).toHaveLength(1);
    delayMs = 0;
    await c.stop(0);
    const again = await c.start(0);
    await again.ready();
    expect(again.status().copied).toBe(true);
  });

  it('does not forget that it differs when it finds damage, too', { timeout: 60_000 }, async () => {
    const fatal: string[] = [];
    const c = await startCluster({ size: 3, unsafeNoTls: true, config: { onFatal: (e) => fatal.push(e.message) } });
    cluster = c;
    await put(c.replica(0), 'a/1', 'x');
    await put(c.replica(0), 'a/2', 'x');
    await Promise.all(c.running().map(async (replica) => replica.backend.readBarrier()));
    const bad = ((await c.leader()) + 1) % 3;
    await c.stop(bad);
    await diverge(c, bad, 'a/1');
    await rot(c, bad, 'a/2');
    await (await c.start(bad)).ready();
    await put(c.replica((bad + 1) % 3), 'a/3', 'y');
    await until(() => fatal.length > 0);
    expect(() => c.replica(bad).backend.get('a/2')).toThrow(/damaged/);
    await c.stop(bad);
    const note = recover(openLogDirectory(join(c.directory, `r${bad}`, 'wal'))).facts.get('reseed');
    expect(Number(Buffer.from(note ?? []).toString())).toBeGreaterThan(0);
  });
});
