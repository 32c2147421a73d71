import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEnvironment, openTables } from '../../store/lmdb.js';
import { decodeMeta, encodeMeta, META_KEY } from '../../store/meta.js';
import { call, type E2eCluster, eventually, startCluster, TOKEN } from './cluster.js';

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

/** An open watch of config maps: the names it told, and whether it still stands. */
interface Watch {
  readonly names: string[];
  isOpen: boolean;
  close(): void;
}

async function watch(url: string): Promise<Watch> {
  const list = JSON.parse((await call(`${url}${CONFIGMAPS}`)).body) as { metadata: { resourceVersion: string } };
  const agent = new https.Agent();
  const query = `watch=1&resourceVersion=${list.metadata.resourceVersion}`;
  return new Promise((resolve, reject) => {
    const request = https.request(
      `${url}${CONFIGMAPS}?${query}`,
      { agent, rejectUnauthorized: false, headers: { authorization: `Bearer ${TOKEN}` } },
      (response) => {
        const names: string[] = [];
        let rest = '';
        response.on('data', (chunk: Buffer) => {
          const lines = (rest + chunk.toString()).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines.filter((l) => l !== '')) {
            names.push((JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name);
          }
        });
        const opened: Watch = { names, isOpen: true, close: () => agent.destroy() };
        response.on('error', () => (opened.isOpen = false));
        response.on('end', () => (opened.isOpen = false));
        resolve(opened);
      },
    );
    request.on('error', reject);
    request.end();
  });
}

/** Makes a stopped replica's state another than the others', with no checksum that tells. */
async function diverge(dataDir: string): Promise<void> {
  const directory = fs.readdirSync(dataDir).find((name) => name.startsWith('state')) ?? 'state';
  const environment = openEnvironment({ path: path.join(dataDir, directory), overlappingSync: true });
  const tables = openTables(environment);
  const meta = decodeMeta(Buffer.from(tables.meta.get(META_KEY) ?? []));
  meta.hashA = (meta.hashA ^ 1) >>> 0;
  const lost = [...tables.objects.getKeys({})].filter((key) => Buffer.from(key).includes('lost-on-r2'));
  expect(lost).toHaveLength(1);
  await environment.batch(() => {
    for (const key of lost) void tables.objects.remove(key);
    void tables.meta.put(META_KEY, encodeMeta(meta));
  });
  await environment.close();
}

describe('a replica whose state differs', () => {
  let cluster: E2eCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 3 });
  }, 180_000);
  afterAll(() => cluster?.down());

  const create = async (i: number, name: string): Promise<void> => {
    const body = { metadata: { name } };
    const answer = await call(`${cluster.url(i)}${CONFIGMAPS}`, { method: 'POST', body });
    expect(answer.status, answer.body).toBe(201);
  };
  const metric = async (i: number, name: string): Promise<number> => {
    const { body } = await call(`${cluster.url(i)}/metrics`);
    return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1]);
  };
  const state = async (i: number): Promise<unknown> => {
    const { revision, stateHash } = JSON.parse((await call(`${cluster.url(i)}/debug/raft`)).body) as Record<
      string,
      unknown
    >;
    return { revision, stateHash };
  };

  it('takes a copy of the others by itself, in the same process, while they serve', async () => {
    await create(1, 'lost-on-r2');
    await cluster.kill(2, 'SIGTERM');
    await diverge(path.join(cluster.dir, 'r2', 'data'));
    await cluster.up();
    const pid = cluster.pid(2);
    const there = await watch(cluster.url(1));
    await create(1, 'meanwhile');

    const copied = async (): Promise<boolean> => (await metric(2, 'quorate_store_reseeds')) === 1;
    await eventually('r2 has taken a copy', copied, 60_000);
    await eventually('r2 is ready again', async () => (await call(`${cluster.url(2)}/readyz`)).status === 200, 60_000);
    expect(cluster.pid(2)).toBe(pid);
    const log = fs.readFileSync(path.join(cluster.dir, 'r2', 'log'), 'utf8');
    const steps = [
      /^E.*the state of this replica differs from that of the others at revision \d+/m,
      /^W.*r2 has stopped serving, and starts again to take a copy of the state/m,
      /^I.*replaced the state by a copy of member/m,
    ].map((line) => log.search(line));
    steps.push(log.lastIndexOf('r2 serves https'));
    expect(steps).not.toContain(-1);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(await metric(1, 'quorate_store_reseeds')).toBe(0);
    expect((await call(`${cluster.url(2)}${CONFIGMAPS}/lost-on-r2`)).status).toBe(200);

    await create(2, 'afterwards');
    await eventually('equal states', async () => {
      const [first, second] = [JSON.stringify(await state(1)), JSON.stringify(await state(2))];
      return first === second;
    });
    await eventually('the other watch tells all', () => Promise.resolve(there.names.includes('afterwards')));
    expect(there.names).toEqual(['meanwhile', 'afterwards']);
    expect(there.isOpen).toBe(true);
    there.close();

    // What was closed and opened anew ends as in any other process.
    await cluster.kill(2, 'SIGTERM');
    const whole = fs.readFileSync(path.join(cluster.dir, 'r2', 'log'), 'utf8');
    expect(whole.slice(whole.lastIndexOf('SIGTERM: stopping'))).toMatch(/ stopped$/m);
  }, 120_000);
});
