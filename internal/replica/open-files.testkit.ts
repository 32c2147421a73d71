import { readdirSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** The names of the files below a directory that this process has open. Linux only: elsewhere there are none. */
export function openFilesBelow(directory: string): string[] {
  let open: string[] = [];
  try {
    open = readdirSync('/proc/self/fd');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return open
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ''; // Closed since, as the directory itself that was read.
      }
    })
    .filter((file) => file.startsWith(`${directory}/`))
    .map((file) => basename(file));
}
