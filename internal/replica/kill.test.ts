import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { removeProgram, ReplicaProcess } from '../testing/replica-process.js';
import { until } from '../testing/until.js';
import type { ReplicaConfig } from './index.js';

let directory = '';
let members: ReplicaProcess[] = [];
afterEach(async () => {
  await Promise.all(members.map((member) => member.kill()));
  members = [];
  rmSync(directory, { recursive: true, force: true });
});

afterAll(removeProgram);

async function configs(size: number): Promise<readonly ReplicaConfig[]> {
  directory = mkdtempSync(join(tmpdir(), 'quorate-kill-'));
  const ports = await freePorts(size);
  const initialCluster = ports.map((port, i) => ({ name: `r${i}`, address: `127.0.0.1:${port}` }));
  return initialCluster.map(({ name, address }) => ({
    name,
    dataDir: join(directory, name),
    peerListen: address,
    initialCluster,
    unsafeNoPeerTls: true,
  }));
}

async function leaderOf(running: readonly ReplicaProcess[]): Promise<ReplicaProcess> {
  let leader: ReplicaProcess | undefined;
  await until(async () => {
    const roles = await Promise.all(running.map(async (member) => (await member.status()).role));
    leader = running[roles.indexOf('leader')];
    return leader !== undefined;
  });
  return leader as ReplicaProcess;
}

/** Writes through one member after another until stopped; what was acknowledged is noted. */
function writers(count: number, acknowledged: Map<string, string>): { stop: () => Promise<void> } {
  let stopped = false;
  const write = async (n: number): Promise<void> => {
    for (let i = 0; !stopped; i++) {
      const member = members[(n + i) % members.length];
      try {
        await member?.put(`k/${n}-${i}`, `v${i}`);
        acknowledged.set(`k/${n}-${i}`, `v${i}`);
      } catch {
        // Killed under us, or no leader in time: not acknowledged. The next try goes to the next member.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  };
  const all = Array.from({ length: count }, (_, n) => write(n));
  return {
    stop: async () => {
      stopped = true;
      await Promise.all(all);
    },
  };
}

/**
 * Up to six processes are started in one test, and each takes 15 s where 20 programs want the two processors. How soon there is
 * a leader again is not what is asked here, but that there is one.
 */
const TIMEOUT_MS = 240_000;

describe('kill -9', () => {
  it('of the leader again and again loses nothing that was acknowledged, on any member', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const config = await configs(3);
    members = await Promise.all(config.map((c) => ReplicaProcess.start(c)));
    const acknowledged = new Map<string, string>();
    await leaderOf(members);
    const load = writers(8, acknowledged);
    for (let round = 0; round < 3; round++) {
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + 200);
      const leader = await leaderOf(members);
      const place = members.indexOf(leader);
      await leader.kill();
      const atKill = acknowledged.size;
      await until(() => acknowledged.size > atKill + 50);
      members[place] = await ReplicaProcess.start(config[place] as ReplicaConfig);
    }
    await load.stop();
    for (const member of members) {
      const there = await member.list('k/', 'k0');
      for (const [key, text] of acknowledged) expect(there[key]).toBe(text);
    }
    const hashes = await Promise.all(members.map(async (member) => (await member.status()).stateHash));
    expect(new Set(hashes).size).toBe(1);
  });

  it('of all members at once loses nothing that was acknowledged', { timeout: TIMEOUT_MS }, async () => {
    const config = await configs(3);
    members = await Promise.all(config.map((c) => ReplicaProcess.start(c)));
    const acknowledged = new Map<string, string>();
    const load = writers(8, acknowledged);
    await until(() => acknowledged.size > 500);
    await Promise.all(members.map((member) => member.kill()));
    await load.stop();
    members = await Promise.all(config.map((c) => ReplicaProcess.start(c)));
    for (const member of members) {
      const there = await member.list('k/', 'k0');
      for (const [key, text] of acknowledged) expect(there[key]).toBe(text);
    }
  });

  it('of a single member loses nothing, and its lock is taken over', { timeout: TIMEOUT_MS }, async () => {
    directory = mkdtempSync(join(tmpdir(), 'quorate-kill-'));
    const config = { name: 'alone', dataDir: join(directory, 'alone') };
    members = [await ReplicaProcess.start(config)];
    await expect(ReplicaProcess.start(config)).rejects.toThrow(/is in use by process \d+/);
    const acknowledged = new Map<string, string>();
    const load = writers(4, acknowledged);
    await until(() => acknowledged.size > 300);
    await members[0]?.kill();
    await load.stop();
    members = [await ReplicaProcess.start(config)];
    const there = await members[0]?.list('k/', 'k0');
    for (const [key, text] of acknowledged) expect(there?.[key]).toBe(text);
  });

  it('with loss of what LMDB had not flushed is made good from the log', { timeout: TIMEOUT_MS }, async () => {
    directory = mkdtempSync(join(tmpdir(), 'quorate-kill-'));
    const config = { name: 'alone', dataDir: join(directory, 'alone') };
    const acknowledged = new Map<string, string>();
    members = [await ReplicaProcess.start(config)];
    for (let round = 0; round < 3; round++) {
      const load = writers(8, acknowledged);
      const before = acknowledged.size;
      await until(() => acknowledged.size > before + 300);
      await members[0]?.kill();
      await load.stop();
      // As after a power loss, LMDB goes back to the last commit that it knows to be on disk.
      members = [await ReplicaProcess.start(config, { LMDB_RESTORE: 'safe' })];
      const there = await members[0]?.list('k/', 'k0');
      for (const [key, text] of acknowledged) expect(there?.[key]).toBe(text);
    }
  });

  it('is told from a pause: a leader stopped for less than an election keeps leading', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const config = await configs(3);
    // Long enough for a machine that is busy with other things.
    members = await Promise.all(config.map((c) => ReplicaProcess.start({ ...c, electionMs: 3_000 })));
    const leader = await leaderOf(members);
    const { term } = await leader.status();
    await leader.kill('SIGSTOP');
    // The pause itself.
    await new Promise((resolve) => setTimeout(resolve, 500));
    await leader.kill('SIGCONT');
    await leader.put('k/1', 'x');
    expect((await leader.status()).term).toBe(term);
  });
});
