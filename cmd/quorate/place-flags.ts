import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { FatalError } from '../../internal/machinery/assert.js';
import { addPathFlags, type NodeFlags, pathsOf } from './node-options.js';

/** etcd's advice for `--bump-revision`: no cluster writes so often in the time between two backups. */
const BUMP_REVISION = 1_000_000_000;

/** Where a new cluster of one replica is made, and what it is called. */
export interface PlaceFlags extends NodeFlags {
  readonly name?: string;
  readonly peerAddress?: string;
  readonly bumpRevision: string;
}

/** Adds the flags of commands that make a cluster begin anew; with those of its replica where no directory says them. */
export function addPlaceFlags(command: Command, isNew: boolean): Command {
  addPathFlags(command).option(
    '--bump-revision <n>',
    'how far the revision jumps, so that no resourceVersion comes twice',
    String(BUMP_REVISION),
  );
  if (!isNew) return command;
  return command
    .option('--name <name>', "the replica's --name (default: that in this machine's quorate.flags)")
    .option('--peer-address <host:port>', 'how others reach it (default: the --peer-listen there)');
}

/** How far the revision jumps; NaN for what is no number, which whoever takes it refuses. */
export const bumpOf = (flags: PlaceFlags): number => Number(flags.bumpRevision);

/** The place of a new replica. Throws FatalError where neither the flags nor this machine's files say who it is. */
export function placeOf(flags: PlaceFlags): { dataDir: string; name: string; address: string; bumpRevision: number } {
  const paths = pathsOf(flags);
  const text = existsSync(paths.flags) ? readFileSync(paths.flags, 'utf8') : '';
  const stored = (name: string): string | undefined => new RegExp(`^--${name}=(.*)$`, 'm').exec(text)?.[1];
  const [name, address] = [flags.name ?? stored('name'), flags.peerAddress ?? stored('peer-listen')];
  if (name === undefined || address === undefined) {
    throw new FatalError(`there is no ${paths.flags} that says who this is: give --name and --peer-address`);
  }
  return { dataDir: paths.data, name, address, bumpRevision: bumpOf(flags) };
}
