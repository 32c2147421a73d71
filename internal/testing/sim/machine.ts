import { SimDisk } from './disk.js';
import type { LogRot } from './log-rot.js';
import type { Rot } from './rot.js';
import { type Actor } from './event-queue.js';
import type { World } from './world.js';

/** One simulated machine: a disk that stays, and at most one process at a time. */
export class Machine {
  readonly disk: SimDisk;
  /** The running process; of the last one when none is running. */
  actor: Actor;
  /** How often a process was started on it. */
  boots = 0;
  /**
   * `due`: the next write that it applies comes out wrong, without any sign of it. `done`: that has happened, and its
   * state differs from the others' until it has been replaced or forgotten (consensus-checks.ts clears this).
   */
  miscomputation: 'none' | 'due' | 'done' = 'none';
  /** Whom its replica has followed since a tick of its clock at least; 0 for nobody. */
  leader = 0;
  /** What its disk has spoilt or lost of the state. */
  rot: Rot | undefined;
  /** What its disk has spoilt of the log. */
  logRot: LogRot | undefined;

  constructor(
    readonly name: string,
    world: World,
  ) {
    this.disk = new SimDisk(world);
    this.actor = { name, alive: false, pausedUntil: 0, clockRate: 1, clockSkewMs: 0, laterRelease: false };
  }

  get running(): boolean {
    return this.actor.alive;
  }
}

const machines = new Map<Actor, Machine>();
let world: World | undefined;

/** Says in which world product code runs from now on. */
export function enterWorld(next: World): void {
  world = next;
  machines.clear();
}

/** The process of this actor runs on this machine. */
export function bindMachine(actor: Actor, machine: Machine): void {
  machines.set(actor, machine);
}

/** The machine that this actor runs on; undefined for the world outside. */
export function machineOf(actor: Actor): Machine | undefined {
  return machines.get(actor);
}

/** The machine on whose behalf code runs at the moment. */
export function currentMachine(): Machine {
  const machine = world === undefined ? undefined : machines.get(world.actor);
  if (machine === undefined) throw new Error('product code ran outside a simulated process');
  return machine;
}
