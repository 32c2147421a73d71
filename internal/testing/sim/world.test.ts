import { describe, expect, it } from 'vitest';
import { outsideActor, World } from './world.js';

describe('simulated time', () => {
  it('goes on steadily when the wall clock is set back', async () => {
    const world = new World(1);
    const process = outsideActor('n1');
    const globals = world.globals();
    const seen: [wall: number, monotonic: number][] = [];
    const look = (): void => void seen.push([globals.now(), globals.monotonic()]);
    world.as(process, () => globals.setTimeout(look, 1_000));
    world.as(process, () => globals.setTimeout(look, 3_000));
    world.schedule(2_000, world.outside, () => (process.clockSkewMs -= 600_000));
    await world.run(10_000, () => undefined);
    const [before, after] = seen;
    expect(seen.length).toBe(2);
    expect((after?.[0] ?? 0) - (before?.[0] ?? 0)).toBe(2_000 - 600_000);
    expect((after?.[1] ?? 0) - (before?.[1] ?? 0)).toBe(2_000);
  });

  it('runs at the rate of the process', async () => {
    const world = new World(1);
    const fast = { ...outsideActor('n1'), clockRate: 2 };
    let firedAt = 0;
    world.as(fast, () => world.globals().setTimeout(() => (firedAt = world.now), 1_000));
    await world.run(10_000, () => undefined);
    expect(firedAt).toBe(500);
  });

  it('stands still for a process that is paused', async () => {
    const world = new World(1);
    const process = outsideActor('n1');
    let firedAt = 0;
    world.schedule(100, process, () => (firedAt = world.now));
    process.pausedUntil = 5_000;
    await world.run(10_000, () => undefined);
    expect(firedAt).toBeGreaterThanOrEqual(5_000);
  });

  it('lets all promises react on behalf of the process that set them off', async () => {
    const world = new World(1);
    const process = outsideActor('n1');
    const actors: string[] = [];
    const deep = async (): Promise<void> => {
      for (let i = 0; i < 1_000; i += 1) await Promise.resolve();
      actors.push(world.actor.name);
    };
    world.schedule(1, process, () => void deep());
    await world.run(10, () => actors.push('after the step'));
    expect(actors).toEqual(['n1', 'after the step']);
  });

  it('is a violation when it does not come to rest', async () => {
    const world = new World(1);
    const twice = (): void => {
      for (let i = 0; i < 2; i += 1) world.schedule(1, world.outside, twice);
    };
    twice();
    await expect(world.run(100, () => undefined)).rejects.toThrow('the cluster comes to rest: 40001 events wait');
    const turning = new World(1);
    const again = (): void => void turning.globals().setImmediate(again);
    turning.schedule(1, turning.outside, again);
    await expect(turning.run(100, () => undefined)).rejects.toThrow('comes to rest: world has put something off 20001');
  });

  it('ends with a process that is killed', async () => {
    const world = new World(1);
    const process = outsideActor('n1');
    let fired = false;
    world.schedule(100, process, () => (fired = true));
    process.alive = false;
    await world.run(10_000, () => undefined);
    expect(fired).toBe(false);
  });
});
