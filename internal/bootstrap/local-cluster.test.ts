import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { hasHaproxy } from './haproxy.js';
import { freeClusterBase } from '../testing/ports.js';
import { down, up } from './local-cluster.js';
import { stopProcess } from './processes.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-up-'));
afterAll(() => rmSync(dir, { recursive: true }));
/** In the place of quorate: a program that ends at once. */
const command = [process.execPath, '-e', 'process.exit(1)'] as const;

test('ports that cannot be are refused before anything is made', async () => {
  const nowhere = join(dir, 'ports');
  await expect(up({ dir: nowhere, port: 64_000, command })).rejects.toThrow(/needs ports up to 67002/);
  await expect(up({ dir: nowhere, replicas: 1001, command })).rejects.toThrow(/--replicas is at most 1000/);
  expect(existsSync(nowhere)).toBe(false);
});

test('serve flags with which no replica started are not kept for the next time', async () => {
  const home = join(dir, 'flags');
  const port = await freeClusterBase(1);
  const options = { dir: home, replicas: 1, port, command };
  await expect(up({ ...options, serveFlags: ['--no-such-flag'] })).rejects.toThrow(/r1 ended by itself/);
  expect(JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8'))).toEqual({
    replicas: 1,
    port,
    serveFlags: [],
  });
});

test('a port that another program has is told before anything is made', async () => {
  const nowhere = join(dir, 'busy');
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  try {
    await expect(up({ dir: nowhere, replicas: 1, port: port - 2000, command })).rejects.toThrow(
      `r1 needs port ${port} of 127.0.0.1, and another program has it: stop that program, or use another --port`,
    );
    expect(existsSync(nowhere)).toBe(false);
  } finally {
    other.close();
  }
});

test('flags that differ from replica to replica are refused by the names that up has for them', async () => {
  const run = (flag: string): Promise<unknown> =>
    up({ dir: join(dir, 'own'), replicas: 1, serveFlags: [flag], command });
  await expect(run('--secure-port=1')).rejects.toThrow(/use --port of `up`/);
  await expect(run('--data_dir=x')).rejects.toThrow(/use --dir of `up`/);
  await expect(run('--spdy-bind-port=1')).rejects.toThrow(/use --port of `up`/);
});

test('down fails where no cluster was started', async () => {
  await expect(down(join(dir, 'none'))).rejects.toThrow(/none holds no cluster that `up` started: name its directory/);
  await expect(down(tmpdir())).rejects.toThrow(/holds no cluster/);
});

/** In the place of quorate: a replica that makes its data and is ready. */
const READY = `
const flag = (name) => process.argv.find((arg) => arg.startsWith('--' + name + '=')).split('=')[1];
const { mkdirSync, readFileSync } = require('node:fs');
mkdirSync(flag('data-dir') + '/log', { recursive: true });
const pair = { cert: readFileSync(flag('tls-cert-file')), key: readFileSync(flag('tls-private-key-file')) };
require('node:https').createServer(pair, (_, answer) => answer.end('ok')).listen(Number(flag('secure-port')), '127.0.0.1');
`;

test('replicas that lost their data found no empty cluster, unless that is asked for', async () => {
  const home = join(dir, 'lost');
  const port = await freeClusterBase(2);
  const run = (): Promise<unknown> => up({ dir: home, replicas: 2, port, command: [process.execPath, '-e', READY] });
  const lose = (name: string): void => rmSync(join(home, name), { recursive: true });
  try {
    await run();
    await down(home);
    // Alone it can decide nothing, and the other turns it away.
    lose('r1');
    await run();
    await down(home);
    lose('r1');
    lose('r2');
    await expect(run()).rejects.toThrow(/^r1, r2 ran before, but the data in .* is gone: .*quorate member remove r1/);
    expect(existsSync(join(home, 'r1'))).toBe(false);
    rmSync(join(home, 'cluster.json'));
    await run();
    // They run, and begin nothing.
    for (const name of ['r1', 'r2']) rmSync(join(home, name, 'data'), { recursive: true });
    await run();
  } finally {
    await down(home);
  }
});

test('flags that are given while all runs are told of, and not taken for those of the next start', async () => {
  const home = join(dir, 'late');
  const port = await freeClusterBase(2);
  const run = (...serveFlags: string[]): ReturnType<typeof up> =>
    up({ dir: home, replicas: 2, port, serveFlags, command: [process.execPath, '-e', READY, '--'] });
  const kept = (): unknown => JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8')).serveFlags;
  try {
    expect((await run('--v=1')).untouched).toEqual([]);
    expect((await run('--v=1')).untouched).toEqual([]);
    expect((await run('--v=3')).untouched).toEqual(['r1', 'r2']);
    expect(kept()).toEqual(['--v=1']);
    // One of them ends: it takes the new flags, the other one is told of.
    const pid = Number(readFileSync(join(home, 'r2/pid'), 'utf8'));
    await stopProcess(pid, join(home, 'r2/pid'));
    expect((await run('--v=3')).untouched).toEqual(['r1']);
    expect(kept()).toEqual(['--v=3']);
  } finally {
    await down(home);
  }
});

test('a start that fails with the flags of the last time names them', async () => {
  const home = join(dir, 'last');
  const port = await freeClusterBase(1);
  const run = (program: string, ...serveFlags: string[]): Promise<unknown> => {
    const command: [string, ...string[]] = [process.execPath, '-e', program, '--'];
    return up({ dir: home, replicas: 1, port, command, ...(serveFlags.length === 0 ? {} : { serveFlags }) });
  };
  await run(READY, '--v=7');
  await down(home);
  await expect(run('process.exit(1)')).rejects.toThrow(/with the serve flags of the last time: --v=7 \(others/);
});

test('why a replica ended is told without what the log says of starts before', async () => {
  const home = join(dir, 'log');
  const port = await freeClusterBase(1);
  const run = (say: string): Promise<unknown> =>
    up({ dir: home, replicas: 1, port, command: [process.execPath, '-e', `console.log('${say}'); process.exit(1)`] });
  await expect(run('the first')).rejects.toThrow('r1 ended by itself:\nthe first');
  await expect(run('the second')).rejects.toThrow('r1 ended by itself:\nthe second');
});

/** In the place of quorate: r1 ends at once, as a member does that was removed; the others are ready. */
const WITHOUT_R1 = `
const flag = (name) => process.argv.find((arg) => arg.startsWith('--' + name + '=')).split('=')[1];
if (flag('name') === 'r1') process.exit(1);
const { readFileSync } = require('node:fs');
const pair = { cert: readFileSync(flag('tls-cert-file')), key: readFileSync(flag('tls-private-key-file')) };
require('node:https').createServer(pair, (_, answer) => answer.end('ok')).listen(Number(flag('secure-port')), '127.0.0.1');
`;

test.skipIf(!hasHaproxy())('the balancer serves the others when one replica is not to be had', async () => {
  const home = join(dir, 'removed');
  try {
    const port = await freeClusterBase(3);
    const started = up({ dir: home, replicas: 3, port, command: [process.execPath, '-e', WITHOUT_R1] });
    await expect(started).rejects.toThrow(/r1 ended by itself/);
    expect(existsSync(join(home, 'haproxy', 'pid'))).toBe(true);
  } finally {
    await down(home);
  }
});

test('where most replicas end, the last one is not waited for in vain, and the reason is told', async () => {
  // The first lives, and never becomes ready; it stands before those whose reason counts.
  const program =
    'process.argv.includes("--name=r1") ? setInterval(() => {}, 1000) : (console.log("no key"), process.exit(1))';
  const home = join(dir, 'most');
  const port = await freeClusterBase(3);
  const starting = up({ dir: home, replicas: 3, port, command: [process.execPath, '-e', program, '--'] });
  try {
    await expect(starting).rejects.toThrow(/^r[23] ended by itself:\nno key$/);
  } finally {
    await down(home);
  }
}, 40_000);

test('a key of service accounts that is none is told in a sentence', async () => {
  const home = join(dir, 'garbage');
  mkdirSync(join(home, 'pki'), { recursive: true });
  writeFileSync(join(home, 'pki/sa.key'), 'garbage');
  const starting = up({ dir: home, replicas: 1, port: await freeClusterBase(1), command });
  await expect(starting).rejects.toThrow(/sa\.key holds no private key .*: put the key back, or remove it/);
});
