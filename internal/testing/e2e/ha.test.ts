import { execFile, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiClient } from '../../bootstrap/api-client.js';
import { children, child, str } from '../../machinery/access.js';
import { serverAccess } from '../../../cmd/quorate/kubeconfig-file.js';
import type { JsonObject } from '../../machinery/json.js';
import { eventually, has, repoRoot } from './cluster.js';
import { RunningKubelet } from './kubelet-server.js';

const exec = promisify(execFile);
/** A client of 2023, which speaks SPDY and nothing else, where Google's SDK is installed. */
const OLD_KUBECTL = ['kubectl.1.28', 'kubectl.1.27']
  .map((name) => `/usr/lib/google-cloud-sdk/bin/${name}`)
  .find((program) => has(program));
const NAMESPACE = `quorate-try-${process.pid}`;

/** Why three machines cannot be made here; '' when they can. */
function whyNot(): string {
  if (process.getuid?.() !== 0) return 'needs root for network namespaces';
  for (const program of ['ip', 'nsenter', 'haproxy', 'curl']) if (!has(program)) return `needs ${program}`;
  const made = spawnSync('ip', ['netns', 'add', NAMESPACE], { encoding: 'utf8' });
  if (made.status !== 0) return `this machine makes no network namespaces: ${made.stderr.trim()}`;
  spawnSync('ip', ['netns', 'del', NAMESPACE]);
  return '';
}

const reason = whyNot();
const CONFIG_MAPS = '/api/v1/namespaces/default/configmaps';

describe.skipIf(reason !== '')(
  `a control plane on three machines${reason === '' ? '' : ` (skipped: ${reason})`}`,
  () => {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-ha-'));
    const net = `10.${90 + (process.pid % 100)}.${Math.floor(process.pid / 100) % 250}`;
    const ha = async (...args: string[]): Promise<string> =>
      (await exec(path.join(repoRoot, 'scripts/ha'), ['--dir', dir, ...args], { timeout: 240_000 })).stdout;
    const client = (): ApiClient => new ApiClient(serverAccess(path.join(dir, 'admin.conf'), undefined), 20_000);

    /** Writes through the balancer until it is stopped; every name in `taken` was acknowledged. */
    const taken: string[] = [];
    let writing = true;
    let writer: Promise<void> = Promise.resolve();

    beforeAll(async () => {
      // From the moment that there is one machine: the others join under load.
      writer = (async () => {
        const config = path.join(dir, 'admin.conf');
        await eventually('one machine', () => Promise.resolve(fs.existsSync(config)), 120_000);
        const api = client();
        for (let n = 0; writing; n++) {
          const name = `w${n}`;
          const answer = await api.ask('POST', CONFIG_MAPS, {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name },
          });
          // 409: the first try was taken, and its answer lost.
          if (answer.code === 201 || answer.code === 409) taken.push(name);
        }
      })();
      // What follows is told by the directory which network it is.
      expect(await ha('up', '--net', net)).toContain('3 of 3 machines serve after');
      expect(taken.length).toBeGreaterThan(0);
    }, 300_000);

    afterAll(async () => {
      writing = false;
      await writer;
      await ha('purge');
    }, 120_000);

    it('a directory is not taken for one of another network', async () => {
      await expect(ha('status', '--net', '10.1.1')).rejects.toThrow(`was made with --net ${net}`);
    });

    /** Resolves when writes go on. */
    const writesGoOn = async (): Promise<void> => {
      const before = taken.length;
      await eventually('writes go on', () => Promise.resolve(taken.length > before + 5), 60_000);
    };

    it('goes on while one machine is cut off, killed, or replaced, and loses no acknowledged write', async () => {
      await ha('cut', 'r1');
      await writesGoOn();
      expect(await ha('status')).toMatch(/r1 .*: cut off[\s\S]*r1 .* not connected/);
      await ha('heal', 'r1');
      await ha('kill', 'r2');
      await writesGoOn();
      // Two of three are needed: a third that could be spared there is not.
      await expect(ha('replace', 'r3')).rejects.toThrow(/no majority/);
      await ha('heal');
      await eventually('r2 is back', async () => !(await ha('status')).includes('not connected'), 60_000);
      await ha('replace', 'r3');
      await writesGoOn();
      const status = await ha('status');
      expect(status.match(/: ok$/gm)?.length, status).toBe(3);
      expect(status.match(/ voter /g)?.length, status).toBe(3);
      // Versions, who leads, and how far each lags.
      expect(status.match(/^r\d +https:\S+ +v1\.36\S* .*\d+ +ok$/gm)?.length, status).toBe(3);
      writing = false;
      await writer;
      const list = await client().get(CONFIG_MAPS);
      const stored = new Set(children(list, 'items').map((item) => str(child(item, 'metadata'), 'name')));
      expect(taken.filter((name) => !stored.has(name))).toEqual([]);
    }, 300_000);

    it.skipIf(OLD_KUBECTL === undefined)(
      'hands clients that only speak SPDY to a port for them, through the balancer that everybody uses',
      async () => {
        const kubelet = await RunningKubelet.start(`${net}.1`);
        try {
          const api = client();
          const create = async (where: string, body: JsonObject): Promise<void> => {
            expect(await api.ask('POST', where, body)).toMatchObject({ code: 201 });
          };
          const addresses = [{ type: 'InternalIP', address: `${net}.1` }];
          const daemonEndpoints = { kubeletEndpoint: { Port: kubelet.port } };
          await create('/api/v1/nodes', {
            apiVersion: 'v1',
            kind: 'Node',
            metadata: { name: 'n' },
            status: { addresses, daemonEndpoints },
          });
          const of = (kind: string, name: string): JsonObject => ({ apiVersion: 'v1', kind, metadata: { name } });
          await create('/api/v1/namespaces/default/serviceaccounts', of('ServiceAccount', 'default'));
          const spec = { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] };
          const pods = '/api/v1/namespaces/default/pods';
          await create(pods, { ...of('Pod', 'p'), spec });
          const running = { ...(await api.get(`${pods}/p`)), status: { phase: 'Running' } };
          expect((await api.ask('PUT', `${pods}/p/status`, running)).code).toBe(200);
          const kubectl = (...words: string[]): ReturnType<typeof exec> =>
            exec(OLD_KUBECTL ?? '', ['--kubeconfig', path.join(dir, 'admin.conf'), ...words], { timeout: 60_000 });
          // Several times: the balancer hands each to another machine.
          for (let i = 0; i < 3; i++)
            expect((await kubectl('exec', 'p', '--', 'echo', 'through')).stdout).toBe('through\n');
          await expect(kubectl('exec', 'p', '--', 'sh', '-c', 'exit 7')).rejects.toMatchObject({ code: 7 });
        } finally {
          kubelet.close();
        }
      },
      240_000,
    );

    it('comes back with its data after all of it was stopped', async () => {
      await ha('down');
      await ha('up');
      await eventually(
        'it answers',
        async () => (await client().get(`${CONFIG_MAPS}/${taken[0]}`)) !== undefined,
        60_000,
      );
    }, 240_000);
  },
);
