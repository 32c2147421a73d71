import { DiskBytes, type DiskDirectory } from '../../testing/sim/log-disk.js';
import type { LogDirectory } from './files.js';

/**
 * A directory of the log on a disk whose power can be cut: what was not synced is then gone. Everything takes a turn of
 * the event loop, so that a test can cut it anywhere.
 */
export function openOn(disk: DiskDirectory, isOn: () => boolean = () => true): LogDirectory {
  const change = (work: (names: Map<string, DiskBytes>) => void): void => {
    const names = new Map(disk.names);
    work(names);
    disk.change(names);
  };
  /** Never ends when the power is gone meanwhile. */
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(() => {
        if (isOn()) resolve();
      });
    });
  const bytesOf = (name: string): DiskBytes => {
    const bytes = disk.names.get(name);
    if (bytes === undefined) throw new Error(`there is no file ${name}`);
    return bytes;
  };
  const sync = async (what: DiskBytes | DiskDirectory): Promise<void> => {
    const count = what.unsynced;
    await turn();
    what.synced(count);
  };
  const open = (name: string): ReturnType<LogDirectory['open']> => {
    const bytes = bytesOf(name);
    return {
      get size() {
        return bytes.size;
      },
      read: (position, length) => bytes.read(position, length),
      write: async (data, position) => {
        if (!isOn()) return new Promise(() => undefined);
        bytes.write(data, position);
        await turn();
      },
      sync: () => sync(bytes),
      close: () => undefined,
    };
  };
  return {
    list: () => [...disk.names.keys()],
    open,
    create: (name, size) => {
      if (!disk.names.has(name)) change((names) => names.set(name, new DiskBytes()));
      const bytes = bytesOf(name);
      bytes.size = Math.max(bytes.size, size);
      return open(name);
    },
    rename: (from, to) =>
      change((names) => {
        names.set(to, bytesOf(from));
        names.delete(from);
      }),
    remove: (name) => change((names) => names.delete(name)),
    sync: () => sync(disk),
  };
}
