import { type ChildProcess, execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeBase } from '../ports.js';
import { call, type E2eCluster, eventually, repoRoot, startCluster, TOKEN } from './cluster.js';
import { noOrphan } from '../orphans.js';

const exec = promisify(execFile);
const quorate = path.join(repoRoot, 'dist/quorate.js');
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';

describe('membership, under load', () => {
  let cluster: E2eCluster;
  /** The replicas that join serve at `base + 1` and on, and talk to others 50 above that. */
  let base = 0;
  const joined = new Map<string, { process: ChildProcess; url: string }>();
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 1 });
    base = await freeBase([2, 3, 4, 5].flatMap((at) => [at, at + 50]));
  }, 180_000);
  afterAll(async () => {
    for (const { process } of joined.values()) process.kill('SIGKILL');
    await cluster?.down();
  });

  const run = async (...args: string[]): Promise<string> =>
    (await exec('node', [quorate, ...args, '--kubeconfig', cluster.replicaKubeconfig(1)], { timeout: 60_000 })).stdout;

  /** Starts a replica as `member add` says, with the certificates that scripts/up made. */
  function join(name: string, at: number, peers: string): void {
    const pki = path.join(cluster.dir, 'pki');
    const port = base + at;
    const log = fs.openSync(path.join(cluster.dir, `${name}.log`), 'a');
    const flags = {
      name,
      'data-dir': path.join(cluster.dir, name),
      'peer-listen': `127.0.0.1:${port + 50}`,
      join: peers,
      'secure-port': String(port),
      'bind-address': '127.0.0.1',
      'advertise-address': '127.0.0.1',
      'peer-ca-file': path.join(pki, 'peer/ca.crt'),
      'peer-cert-file': path.join(pki, 'peer/peer.crt'),
      'peer-key-file': path.join(pki, 'peer/peer.key'),
      'tls-cert-file': path.join(pki, 'apiserver.crt'),
      'tls-private-key-file': path.join(pki, 'apiserver.key'),
      'client-ca-file': path.join(pki, 'ca.crt'),
      'token-auth-file': path.join(cluster.dir, 'tokens.csv'),
      'service-account-key-file': path.join(pki, 'sa.pub'),
      'service-account-signing-key-file': path.join(pki, 'sa.key'),
      'service-account-issuer': 'https://kubernetes.default.svc.cluster.local',
      'service-cluster-ip-range': '10.96.0.0/12',
      'authorization-mode': 'Node,RBAC',
    };
    const child = spawn('node', [quorate, 'serve', ...Object.entries(flags).map(([k, v]) => `--${k}=${v}`)], {
      stdio: ['ignore', log, log],
    });
    noOrphan(child);
    fs.closeSync(log);
    joined.set(name, { process: child, url: `https://127.0.0.1:${port}` });
  }

  it('grows from one to five, shrinks to three without its first leader, and loses nothing', async () => {
    let stop = false;
    const acknowledged: string[] = [];
    let writeTo = cluster.url(1);
    const writer = (async () => {
      for (let i = 0; !stop; i++) {
        const status = await call(`${writeTo}${CONFIGMAPS}`, {
          method: 'POST',
          body: { metadata: { name: `m-${i}` } },
        }).then(
          (a) => a.status,
          () => 0, // a replica that is just leaving
        );
        if (status === 201) acknowledged.push(`m-${i}`);
      }
    })();

    const peer = (at: number): string => `127.0.0.1:${base + 50 + at}`;
    for (const at of [2, 3, 4, 5]) {
      const name = `n${at}`;
      const said = await run('member', 'add', name, peer(at));
      join(name, at, /--join=(\S+)/.exec(said)?.[1] ?? '');
      await eventually(
        `${name} votes`,
        async () => new RegExp(`${name} .* voter`).test(await run('member', 'list')),
        60_000,
      );
    }
    const list = await run('member', 'list');
    expect(list.match(/voter/g)).toHaveLength(5);
    await expect(run('member', 'add', 'n2', peer(9))).rejects.toMatchObject({
      stderr: expect.stringMatching(/^quorate: .*n2/) as string,
    });

    // The first leader goes: leadership moves, then the rest remove it, then one more.
    await run('move-leader', 'n2');
    writeTo = joined.get('n2')?.url ?? '';
    const viaN2 = ['--server', writeTo];
    await run('member', 'remove', 'r1', ...viaN2);
    await run('member', 'remove', 'n5', ...viaN2);
    const after = await run('member', 'list', ...viaN2);
    expect(after.match(/voter/g)).toHaveLength(3);
    expect(after).not.toMatch(/^r1 |^n5 /m);

    const before = acknowledged.length;
    await eventually('writes go on', () => Promise.resolve(acknowledged.length > before + 20));
    stop = true;
    await writer;
    for (const name of ['n2', 'n3', 'n4']) {
      const answer = await call(`${joined.get(name)?.url}${CONFIGMAPS}`, { token: TOKEN });
      const found = new Set(
        (JSON.parse(answer.body) as { items: { metadata: { name: string } }[] }).items.map((o) => o.metadata.name),
      );
      expect(
        acknowledged.filter((n) => !found.has(n)),
        `acknowledged but not on ${name}`,
      ).toEqual([]);
    }
  }, 240_000);
});
