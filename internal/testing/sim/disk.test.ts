import { describe, expect, it } from 'vitest';
import type { Actor } from './event-queue.js';
import { SimDisk, SimEnvironmentFile } from './disk.js';
import { outsideActor, World } from './world.js';

interface Bench {
  readonly world: World;
  readonly disk: SimDisk;
  readonly process: Actor;
  readonly environment: SimEnvironmentFile;
}

function bench(overlappingSync: boolean): Bench {
  const world = new World(1);
  const disk = new SimDisk(world);
  const process = outsideActor('n1');
  return {
    world,
    disk,
    process,
    environment: new SimEnvironmentFile(disk, disk.file('/data'), process, overlappingSync),
  };
}

/** Writes one row; says when it was visible and flushed, in virtual time, or why it was not. */
async function write({ world, environment }: Bench, key: string): Promise<Record<string, number | string>> {
  const outcome: Record<string, number | string> = {};
  const begun = world.now;
  environment.write({
    writes: [{ table: 't', key, value: Buffer.from('v') }],
    settle: (error) => (outcome[error === undefined ? 'visible' : 'error'] = error?.message ?? world.now - begun),
    flushed: () => (outcome.flushed = world.now - begun),
  });
  await world.run(begun + 60_000, () => undefined);
  return outcome;
}

const keysOf = ({ disk }: Bench): readonly string[] => disk.file('/data').visible.get('t')?.keys ?? [];

describe('a simulated disk', () => {
  it('delays what is to be durable when it is slow', async () => {
    const b = bench(false);
    const quick = await write(b, 'a');
    Object.assign(b.disk.temper, { stallMs: 1_500, stallChance: 1 });
    const slow = await write(b, 'b');
    expect(quick.visible).toBeLessThan(100);
    expect(slow.visible).toBeGreaterThan(1_500);
    expect(b.world.effects.get('fsyncs over 100 ms')).toBe(1);
  });

  it('shows a commit of the state before it is flushed, and loses it when the power fails', async () => {
    const b = bench(true);
    await write(b, 'a');
    Object.assign(b.disk.temper, { stallMs: 100_000, stallChance: 1 });
    expect(await write(b, 'b')).toEqual({ visible: expect.any(Number) });
    expect(keysOf(b)).toEqual(['a', 'b']);
    // Any whole number of transactions may be gone, none that was flushed.
    const survivors = new Set<string>();
    const { visible, durable, unflushed } = b.disk.file('/data');
    for (let i = 0; i < 50; i += 1) {
      Object.assign(b.disk.file('/data'), { visible, durable, unflushed });
      b.disk.crash(true);
      survivors.add(keysOf(b).join());
    }
    expect([...survivors].sort()).toEqual(['a', 'a,b']);
  });

  it('keeps what is visible when only the process is killed', async () => {
    const b = bench(true);
    Object.assign(b.disk.temper, { stallMs: 100_000, stallChance: 1 });
    await write(b, 'a');
    b.disk.crash(false);
    expect(keysOf(b)).toEqual(['a']);
  });

  it('cuts a transaction off whole or not at all', async () => {
    const outcomes = new Set<string>();
    for (let i = 0; i < 50; i += 1) {
      const b = bench(false);
      for (let skip = 0; skip < i; skip += 1) b.world.random.next();
      b.environment.write({
        writes: ['a', 'b'].map((key) => ({ table: 't', key, value: Buffer.from('v') })),
        settle: () => undefined,
        flushed: () => undefined,
      });
      b.disk.crash(true);
      outcomes.add(keysOf(b).join());
      expect(b.world.effects.get('transactions cut off')).toBe(1);
    }
    expect([...outcomes].sort()).toEqual(['', 'a,b']);
  });

  it('refuses writes while it is full, and takes them again', async () => {
    const b = bench(true);
    b.disk.temper.full = true;
    expect((await write(b, 'a')).error).toContain('MDB_MAP_FULL');
    b.disk.temper.full = false;
    expect(Object.keys(await write(b, 'b'))).toEqual(['visible', 'flushed']);
    expect(keysOf(b)).toEqual(['b']);
  });
});
