import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * Which of some processes has an established IPv4 connection from this local port open, as the kernel tells in /proc;
 * undefined when none has, or has no more.
 */
export function ownerOfPort(port: number, pids: Iterable<readonly [name: string, pid: number]>): string | undefined {
  const inode = inodeOfPort(port);
  if (inode === undefined) return undefined;
  const wanted = `socket:[${inode}]`;
  for (const [name, pid] of pids) {
    if (descriptors(pid).some((link) => link === wanted)) return name;
  }
  return undefined;
}

function inodeOfPort(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  for (const line of readFileSync('/proc/net/tcp', 'latin1').split('\n').slice(1)) {
    // sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode
    const fields = line.trim().split(/\s+/);
    if (fields[1]?.endsWith(`:${hex}`) === true && fields[9] !== '0') return fields[9];
  }
  return undefined;
}

function descriptors(pid: number): string[] {
  const dir = `/proc/${pid}/fd`;
  try {
    return readdirSync(dir).flatMap((fd) => {
      try {
        return [readlinkSync(`${dir}/${fd}`)];
      } catch {
        return []; // closed meanwhile
      }
    });
  } catch {
    return []; // the process ended meanwhile
  }
}
