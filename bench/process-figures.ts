import fs from 'node:fs';
import path from 'node:path';
import type { E2eCluster } from '../internal/testing/e2e/cluster.js';

const MIB = 1024 * 1024;

/** Anonymous resident memory of a process in MiB (RssAnon: LMDB's mapped pages do not count); NaN where /proc is not. */
export function anonymousMib(pid: number): number {
  const file = `/proc/${pid}/status`;
  if (!fs.existsSync(file)) return Number.NaN;
  return (Number(/^RssAnon:\s+(\d+) kB/m.exec(fs.readFileSync(file, 'utf8'))?.[1]) * 1024) / MIB;
}

/** CPU time that a process has used so far, in seconds; NaN where /proc is not. */
export function cpuSeconds(pid: number): number {
  const file = `/proc/${pid}/stat`;
  if (!fs.existsSync(file)) return Number.NaN;
  // Fields are counted from behind the name, which may hold anything; the clock of /proc has 100 ticks a second.
  const fields = fs.readFileSync(file, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Bytes that a process has given to the disk so far; NaN where /proc is not. */
export function writtenBytes(pid: number): number {
  const file = `/proc/${pid}/io`;
  if (!fs.existsSync(file)) return Number.NaN;
  return Number(/^write_bytes: (\d+)/m.exec(fs.readFileSync(file, 'utf8'))?.[1]);
}

/**
 * Bytes that the disk under a path has been given so far, by all programs, the file system's journal included; NaN where
 * /proc is not, or the file system is on no disk of its own. The kernel counts in `write_bytes` the whole piece of a file
 * that it keeps together in memory where only a page of it was written: this one is what was really written.
 */
export function diskBytes(place: string): number {
  const file = '/proc/diskstats';
  if (!fs.existsSync(file)) return Number.NaN;
  const { dev } = fs.statSync(place);
  const [major, minor] = [(dev >> 8) & 0xfff, (dev & 0xff) | ((dev >> 12) & 0xfff00)];
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  const fields = lines
    .map((line) => line.trim().split(/\s+/))
    .find(([a, b]) => Number(a) === major && Number(b) === minor);
  return fields === undefined ? Number.NaN : Number(fields[9]) * 512;
}

/** Milliseconds from the start of replica i's process until it was ready, as its log says. */
export function startMs(cluster: E2eCluster, i: number): number {
  const log = fs.readFileSync(path.join(cluster.dir, `r${i}`, 'log'), 'utf8');
  return Number([...log.matchAll(/is ready, (\d+) ms after its process started/g)].at(-1)?.[1]);
}

/** Stops replica 1 and starts it again; milliseconds until it was ready. */
export async function restartMs(cluster: E2eCluster): Promise<number> {
  await cluster.kill(1, 'SIGTERM');
  await cluster.up();
  return startMs(cluster, 1);
}
