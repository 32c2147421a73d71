import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type E2eCluster, eventually, repoRoot, startCluster } from './cluster.js';

const exec = promisify(execFile);
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/** What pages people at night: the quorum is gone, or all data is; each is one command, and nothing that counts is lost. */
describe('snapshots, restore and recovery, under load', () => {
  let cluster: E2eCluster;
  /** Acknowledged, in order. */
  const taken: string[] = [];
  let writing = true;
  let writer: Promise<void> = Promise.resolve();
  let leader = 0;
  /** The highest resourceVersion that a client has seen. */
  let seen = 0;

  const quorate = async (...args: string[]): Promise<string> =>
    (await exec('node', [path.join(repoRoot, 'dist/quorate.js'), ...args], { timeout: 120_000 })).stdout;
  const dataDir = (i: number): string => path.join(cluster.dir, `r${i}`, 'data');
  const file = (): string => path.join(cluster.dir, 'save.snapshot');
  const names = async (): Promise<Set<string>> => {
    const { body } = await call(`${cluster.url(leader)}${CONFIG_MAPS}`);
    const list = JSON.parse(body) as { metadata: { resourceVersion: string }; items: { metadata: { name: string } }[] };
    expect(Number(list.metadata.resourceVersion)).toBeGreaterThan(seen);
    return new Set(list.items.map((item) => item.metadata.name));
  };
  /** Starts all three as before: the two that were left behind meet the one that went on, and stop. */
  const startAll = async (): Promise<void> => {
    await expect(cluster.up()).rejects.toThrow(/ended by itself/);
    await eventually(
      'the one that went on is ready',
      async () => (await call(`${cluster.url(leader)}/readyz`)).status === 200,
      60_000,
    );
  };

  beforeAll(async () => {
    cluster = await startCluster({ replicas: 3 });
    leader = await cluster.leader();
    writer = (async () => {
      for (let n = 0; writing; n++) {
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `w${n}` } };
        const answer = await call(`${cluster.url(leader)}${CONFIG_MAPS}`, { method: 'POST', body }).catch(
          () => undefined,
        );
        if (answer?.status !== 201) continue;
        taken.push(`w${n}`);
        const made = JSON.parse(answer.body) as { metadata: { resourceVersion: string } };
        seen = Number(made.metadata.resourceVersion);
      }
    })();
    await eventually('writes', () => Promise.resolve(taken.length > 20));
  }, 180_000);

  afterAll(async () => {
    writing = false;
    await writer;
    await cluster?.down();
  }, 60_000);

  let inSnapshot = 0;

  it('a snapshot of the running cluster holds what was acknowledged before it, and can be restored', async () => {
    inSnapshot = taken.length;
    const saved = JSON.parse(
      await quorate('snapshot', 'save', file(), '--kubeconfig', cluster.kubeconfig, '-o', 'json'),
    ) as { revision: number };
    const status = JSON.parse(await quorate('snapshot', 'status', file(), '-o', 'json')) as { revision: number };
    expect(status.revision).toBe(saved.revision);
    expect(await quorate('snapshot', 'verify', file())).toContain('is whole');
    expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
    const bytes = fs.readFileSync(file());
    for (const damage of [
      (b: Buffer) => b.subarray(0, b.length - 1),
      (b: Buffer) => ((b[b.length >> 1] = (b[b.length >> 1] ?? 0) ^ 1), b),
    ]) {
      fs.writeFileSync(`${file()}.bad`, damage(Buffer.from(bytes)));
      await expect(quorate('snapshot', 'verify', `${file()}.bad`)).rejects.toThrow(/cannot be used|is damaged/);
    }
  }, 120_000);

  it('with the quorum lost one member goes on with all that was acknowledged, and the others never again', async () => {
    for (const i of [1, 2, 3]) if (i !== leader) await cluster.kill(i, 'SIGKILL');
    writing = false;
    await writer;
    await expect(quorate('recover', '--dry-run', '--data-dir', dataDir(leader))).rejects.toThrow(/in use/);
    await cluster.kill(leader, 'SIGKILL');
    const plan = await quorate('recover', '--dry-run', '--data-dir', dataDir(leader));
    expect(plan).toContain(`r${leader} becomes a new cluster of itself alone`);
    // Nobody is there to say yes.
    await expect(
      exec('sh', ['-c', `node dist/quorate.js recover --data-dir ${dataDir(leader)} </dev/null`], { cwd: repoRoot }),
    ).rejects.toThrow(/aborted: nothing was changed/);
    const before = seen;
    expect(await quorate('recover', '--force', '--data-dir', dataDir(leader))).toContain(
      'is a new cluster of one member now',
    );
    await startAll();
    const stored = await names();
    expect(taken.filter((name) => !stored.has(name))).toEqual([]);
    // A watch from before is told that it must list anew.
    const watch = await call(`${cluster.url(leader)}${CONFIG_MAPS}?watch=1&resourceVersion=${before}&timeoutSeconds=5`);
    expect(watch.status === 410 || watch.body.includes('"code":410'), watch.body).toBe(true);
    const members = await quorate('member', 'list', '--kubeconfig', cluster.replicaKubeconfig(leader));
    expect(members.trim().split('\n')).toHaveLength(2);
    // Also when the one that went on is away, two of the old three decide nothing any more.
    await cluster.kill(leader, 'SIGKILL');
    await expect(cluster.up()).rejects.toThrow(/recovered or restored without it/);
    expect(
      JSON.parse(await quorate('check', '--data-dir', dataDir([1, 2, 3].find((i) => i !== leader) ?? 0))),
    ).toMatchObject({ problems: [] });
    seen = Number(
      /"resourceVersion":"(\d+)"/.exec((await call(`${cluster.url(leader)}${CONFIG_MAPS}?limit=1`)).body)?.[1],
    );
  }, 240_000);

  it('a snapshot is restored into an empty directory only, as a new cluster whose revisions go on', async () => {
    await cluster.kill(leader, 'SIGKILL');
    const place = [
      '--data-dir',
      dataDir(leader),
      '--name',
      `r${leader}`,
      '--peer-address',
      `127.0.0.1:${cluster.port + 2000 + leader - 1}`,
    ];
    await expect(quorate('snapshot', 'restore', file(), ...place)).rejects.toThrow(/is not empty/);
    fs.rmSync(dataDir(leader), { recursive: true });
    await quorate('snapshot', 'restore', file(), ...place, '--bump-revision', '2000000000');
    expect(JSON.parse(await quorate('check', '--data-dir', dataDir(leader)))).toMatchObject({ problems: [] });
    await startAll();
    const stored = await names();
    expect(taken.slice(0, inSnapshot).filter((name) => !stored.has(name))).toEqual([]);
    const made = await call(`${cluster.url(leader)}${CONFIG_MAPS}`, {
      method: 'POST',
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'after' } },
    });
    expect(made.status).toBe(201);
  }, 240_000);
});
