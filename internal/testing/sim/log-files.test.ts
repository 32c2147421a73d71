import { beforeEach, describe, expect, it } from 'vitest';
import type { LogDirectory } from '../../replica/wal/files.js';
import { openLogDirectory } from './log-files.js';
import { bindMachine, enterWorld, Machine } from './machine.js';
import { World } from './world.js';

const GROUP = Buffer.alloc(4 * 512, 'g');
let world: World;
let machine: Machine;
let directory: LogDirectory;

beforeEach(() => {
  world = new World(1);
  enterWorld(world);
  machine = new Machine('n1', world);
  machine.actor.alive = true;
  bindMachine(machine.actor, machine);
  directory = world.as(machine.actor, () => openLogDirectory('/log'));
});

/** What comes of a write, when some time has passed; `amid` happens while it is under way. */
async function written(name: string, amid: () => void): Promise<string> {
  let outcome = 'nothing';
  directory
    .open(name)
    .write(GROUP, 0)
    .then(
      () => (outcome = 'written'),
      (error: Error) => (outcome = error.message),
    );
  amid();
  await world.run(world.now + 10, () => undefined);
  return outcome;
}

describe('a full disk', () => {
  it('takes a group up to any of its sectors, and refuses it', async () => {
    directory.create('a', 8 * 512);
    machine.disk.temper.full = true;
    const taken = new Set<number>();
    for (let i = 0; i < 60; i += 1) {
      machine.disk.logDirectory('/log').names.get('a')?.write(Buffer.alloc(GROUP.length), 0);
      expect(await written('a', () => undefined)).toContain('ENOSPC');
      taken.add(directory.open('a').read(0, GROUP.length).lastIndexOf('g') + 1);
    }
    expect([...taken].sort((a, b) => a - b)).toEqual([0, 512, 1_024, 1_536, 2_048]);
  });

  it('that has room again has not taken what it refused, nor refuses what it has taken', async () => {
    directory.create('a', 8 * 512);
    const { temper } = machine.disk;
    temper.full = true;
    expect(await written('a', () => (temper.full = false))).toContain('ENOSPC');
    expect(await written('a', () => (temper.full = true))).toBe('written');
    expect(directory.open('a').read(0, GROUP.length)).toEqual(GROUP);
  });

  it('has no room for a new segment at times, and takes up one that is there', () => {
    directory.create('a', 512);
    machine.disk.temper.full = true;
    let refused = 0;
    for (let i = 0; i < 100; i += 1) {
      expect(directory.create('a', 512).size).toBe(512);
      try {
        directory.create(`b${i}`, 512);
      } catch (error) {
        expect(String(error)).toContain('ENOSPC');
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(20);
    expect(directory.list()).toHaveLength(1 + 100 - refused);
  });
});
