import { decodeGroup, type Group } from '../../replica/wal/record.js';
import type { DiskBytes } from './log-disk.js';
import type { Machine } from './machine.js';
import type { Random } from './random.js';

/** A bit of a group of the log that is another than was written. */
export interface LogRot {
  readonly file: DiskBytes;
  readonly from: number;
  /** The group as it is now. */
  readonly group: Buffer;
}

/** Spoils a group of the log that was synced, on the disk of a machine that is down. Undefined if there is none. */
export function spoilLog(machine: Machine, random: Random): LogRot | undefined {
  const groups: { readonly file: DiskBytes; readonly from: number; readonly to: number }[] = [];
  for (const directory of machine.disk.logs.values()) {
    for (const [name, file] of directory.names) {
      const number = Number.parseInt(name, 16);
      if (!name.endsWith('.wal') || file.unsynced > 0) continue;
      let from = 0;
      let salt: number | undefined;
      for (let group: Group | undefined; ; from = group.end) {
        group = decodeGroup(file.content, from, number, salt);
        if (group === undefined) break;
        ({ salt } = group);
        groups.push({ file, from, to: from + file.content.readUInt32BE(from + 8) });
      }
    }
  }
  if (groups.length === 0) return undefined;
  // What was written last is most like what was cut off.
  const { file, from, to } = random.chance(0.5) ? (groups.at(-1) ?? random.pick(groups)) : random.pick(groups);
  file.flip(from + random.below(to - from), random.below(8));
  return { file, from, group: Buffer.from(file.content.subarray(from, to)) };
}

/** Is the damage still in the log? Its segment may have gone. */
export function isLogRotten({ logRot, disk }: Machine): boolean {
  if (logRot === undefined) return false;
  const { file, from, group } = logRot;
  const isHeld = [...disk.logs.values()].some(({ names }) =>
    [...names].some(([name, each]) => each === file && name.endsWith('.wal')),
  );
  return isHeld && group.equals(file.content.subarray(from, from + group.length));
}
