import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archivePlace, clusterDirectory } from '../../replica/archive/place.js';
import { S3_STORES } from '../../replica/archive/s3-stores.testkit.js';
import { call, type E2eCluster, eventually, repoRoot, startCluster } from './cluster.js';

const exec = promisify(execFile);
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

/** Where an archive is kept, with the environment in which quorate finds its keys. */
interface Place {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

function directory(): Promise<Place> {
  const dir = fs.mkdtempSync(path.join(fs.realpathSync('/tmp'), 'quorate-e2e-archive-'));
  const close = (): Promise<void> => Promise.resolve(fs.rmSync(dir, { recursive: true, force: true }));
  return Promise.resolve({ url: `file://${dir}`, env: {}, close });
}

const PLACES: { name: string; start: () => Promise<Place> }[] = [
  { name: 'a directory', start: directory },
  ...S3_STORES.map(({ name, start }) => ({
    name,
    start: async () => {
      const { endpoint, bucket, env, close } = await start();
      return { url: `s3://${bucket}/clusters/prod?endpoint=${endpoint}`, env, close };
    },
  })),
];

/** A wrong delete is found an hour later: the cluster is to be as it was just before it, by the commands of the runbook. */
describe.each(PLACES)('an archive in $name', ({ start }) => {
  let cluster: E2eCluster;
  let place: Place;
  const quorate = async (...args: string[]): Promise<string> =>
    (await exec('node', [path.join(repoRoot, 'dist/quorate.js'), ...args], { timeout: 120_000 })).stdout;

  beforeAll(async () => {
    place = await start();
    // Replicas and commands inherit it.
    Object.assign(process.env, place.env);
    cluster = await startCluster({ replicas: 3, flags: [`--archive-to=${place.url}`, '--archive-interval=1s'] });
  }, 180_000);
  afterAll(async () => {
    await cluster?.down();
    await place?.close();
    for (const name of Object.keys(place?.env ?? {})) delete process.env[name];
  }, 60_000);

  it('every moment that the archive tells of can be restored, also from before the death of a leader', async () => {
    /** Acknowledged, in order, with the revision and the time of the answer. */
    const taken: { name: string; revision: number; ms: number }[] = [];
    let [writing, to] = [true, await cluster.leader()];
    const writer = (async () => {
      for (let n = 0; writing; n++) {
        const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `w${n}` } };
        const answer = await call(`${cluster.url(to)}${CONFIG_MAPS}`, { method: 'POST', body }).catch(() => undefined);
        if (answer?.status !== 201) continue;
        const made = JSON.parse(answer.body) as { metadata: { resourceVersion: string } };
        taken.push({ name: `w${n}`, revision: Number(made.metadata.resourceVersion), ms: Date.now() });
      }
    })();
    const { url } = place;
    const archived = async (revision: number): Promise<void> =>
      eventually('the archive has it', async () => {
        const text = await quorate('archive', 'verify', url);
        return Number(/revision (\d+) can/.exec(text)?.[1]) >= revision;
      });
    await eventually('writes', () => Promise.resolve(taken.length > 50));
    const [before, beforeMs] = [taken.length, Date.now()];
    await eventually('more writes', () => Promise.resolve(taken.length > before + 50));
    const leader = to;
    to = (leader % 3) + 1;
    await cluster.kill(leader, 'SIGKILL');
    const size = taken.length;
    await eventually('writes without it', () => Promise.resolve(taken.length > size + 50), 60_000);
    writing = false;
    await writer;
    await archived(taken.at(-1)?.revision ?? 0);
    const metrics = await Promise.all(
      [1, 2, 3].filter((i) => i !== leader).map(async (i) => (await call(`${cluster.url(i)}/metrics`)).body),
    );
    // Only who leads keeps it, and so can tell.
    expect(metrics.filter((text) => /^quorate_archive_age_seconds \d/m.test(text))).toHaveLength(1);
    expect(await quorate('archive', 'status', url)).toMatch(/^COPY .*\nbase-.*\n$/s);
    for (const i of [1, 2, 3]) if (i !== leader) await cluster.kill(i, 'SIGKILL');

    // Each restored cluster begins an archive of its own beside it.
    const id = clusterDirectory((await archivePlace(url, process.env).clusters())[0] ?? 0);
    const dataDir = path.join(cluster.dir, 'r1', 'data');
    const flags = ['--data-dir', dataDir, '--name', 'r1', '--peer-address', `127.0.0.1:${cluster.port + 2000}`];
    const restore = (...to: string[]): Promise<string> => quorate('archive', 'restore', url, ...to, ...flags);
    /** Names of all that r1 has, as the new cluster that was made of a moment. */
    const restored = async (...to: string[]): Promise<Set<string>> => {
      await expect(restore(...to)).rejects.toThrow(/is not empty/);
      fs.rmSync(dataDir, { recursive: true });
      expect(await restore(...to)).toMatch(/a new cluster of r1 alone, at revision \d+ \(\d+ in the archive\)/);
      await expect(cluster.up()).rejects.toThrow(/ended by itself/);
      await eventually('it is ready', async () => (await call(`${cluster.url(1)}/readyz`)).status === 200, 60_000);
      const list = await call(`${cluster.url(1)}${CONFIG_MAPS}`);
      await cluster.kill(1, 'SIGKILL');
      const { items } = JSON.parse(list.body) as { items: { metadata: { name: string } }[] };
      return new Set(items.map((item) => item.metadata.name));
    };
    const atTime = await restored('--to-time', new Date(beforeMs).toISOString());
    expect(taken.slice(0, before).filter(({ name }) => !atTime.has(name))).toEqual([]);
    // The one that was on its way at that moment may be there.
    expect(taken.slice(before + 1).filter(({ name }) => atTime.has(name))).toEqual([]);
    // Behind the death of the leader, and all of it.
    const wanted = taken[size + 20]?.revision ?? 0;
    const atRevision = await restored('--to-revision', String(wanted), '--cluster', id);
    expect(taken.filter(({ name, revision }) => revision <= wanted && !atRevision.has(name))).toEqual([]);
    expect(taken.filter(({ name, revision }) => revision > wanted && atRevision.has(name))).toEqual([]);
    const all = await restored('--cluster', id);
    expect(taken.filter(({ name }) => !all.has(name))).toEqual([]);
  }, 400_000);
});
