import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type E2eCluster, repoRoot, type startCluster } from '../internal/testing/e2e/cluster.js';

/** A cluster of one checkout; two of them are measured in turn, for machines differ and drift. */
export interface Build {
  readonly name: string;
  readonly cluster: E2eCluster;
}

/** Bytes that a replica holds back on the disk, written some seconds after its first start (replica/space.ts). */
const RESERVE_BYTES = 32 * 1024 * 1024;
const RESERVED_MS = 30_000;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Starts this build, and that of another checkout (with node_modules) where one is named. Resolves when the replicas write
 * no more than they are asked to: what each holds back of the disk is written once, and belongs to nobody's figures.
 */
export async function startBuilds(other: string, replicas: number): Promise<readonly Build[]> {
  const builds = [await begun('this build', repoRoot, replicas)];
  if (other !== '') builds.push(await begun('other build', path.resolve(other), replicas));
  for (const { cluster } of builds) await reserved(cluster);
  return builds;
}

async function begun(name: string, checkout: string, replicas: number): Promise<Build> {
  const file = pathToFileURL(path.join(checkout, 'internal/testing/e2e/cluster.ts')).href;
  const { startCluster: start } = (await import(file)) as { startCluster: typeof startCluster };
  return { name, cluster: await start({ replicas }) };
}

/** Resolves when every replica has written what it holds back of the disk, or after 30 s. */
export async function reserved({ dir, replicas }: E2eCluster): Promise<void> {
  const until = performance.now() + RESERVED_MS;
  const isThere = (file: string): boolean => fs.existsSync(file) && fs.statSync(file).size >= RESERVE_BYTES;
  for (let i = 1; i <= replicas; i++) {
    while (performance.now() < until && !isThere(path.join(dir, `r${i}`, 'data', 'reserve'))) await pause(100);
  }
}

export async function endBuilds(builds: readonly Build[]): Promise<void> {
  for (const { cluster } of builds) await cluster.down();
}

/** In every other round the other way round: whatever drifts on this machine falls on both. */
export function inTurn<T>(builds: readonly T[], round: number): readonly T[] {
  return round % 2 === 0 ? builds : [...builds].reverse();
}

/** What all replicas of a build have used so far. */
export function sumOf({ cluster }: Build, figureOf: (pid: number) => number): number {
  let sum = 0;
  for (let i = 1; i <= cluster.replicas; i++) sum += figureOf(cluster.pid(i));
  return sum;
}

/** This build's figure by the other one's, in words; '' where there is no other. */
export function ratio(of: (build: Build) => number, builds: readonly Build[]): string {
  const [own, other] = builds;
  return own === undefined || other === undefined ? '' : ` ${(of(own) / of(other)).toFixed(3)} of the other build's`;
}
