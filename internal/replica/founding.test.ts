import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { freePorts, startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { callMember } from './calls.js';
import { openReplica, type Replica } from './index.js';
import { encodeRequest } from './membership.js';
import { LOG_VERSION } from '../store/command.js';
import { put } from './state.testkit.js';

let directory = '';
let cluster: TestCluster | undefined;
let opened: Replica[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-founding-'));
});
afterEach(async () => {
  await cluster?.close();
  cluster = undefined;
  await Promise.allSettled(opened.splice(0).map((replica) => replica.close()));
  rmSync(directory, { recursive: true, force: true });
});
/** Does one of these replicas serve within this time? */
const serve = async (ms: number, ...replicas: readonly Replica[]): Promise<boolean> => {
  const late = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), ms));
  const ready = replicas.map((replica) =>
    replica.ready().then(
      () => true,
      () => late,
    ),
  );
  return Promise.race([late, ...ready]);
};

describe('a new cluster', () => {
  it('begins when all of its founders are there, and never again when one has lost its disk', {
    timeout: 60_000,
  }, async () => {
    const ports = await freePorts(3);
    const initialCluster = ports.map((port, i) => ({ name: `r${i}`, address: `127.0.0.1:${port}` }));
    const ended: string[] = [];
    const open = async (i: number): Promise<Replica> => {
      const replica = await openReplica({
        name: `r${i}`,
        dataDir: join(directory, `m${i}`),
        peerListen: `127.0.0.1:${ports[i]}`,
        initialCluster,
        unsafeNoPeerTls: true,
        onFatal: (error) => ended.push(`r${i}: ${error.message}`),
      });
      opened.push(replica);
      return replica;
    };
    const [first, second] = await Promise.all([open(0), open(1)]);
    await until(() => first.status().members.filter((member) => member.connected).length === 2);
    // Two elections long.
    expect(await serve(1_000, first, second)).toBe(false);
    expect([first.status().term, second.status().term]).toEqual([0, 0]);
    const third = await open(2);
    await Promise.all([first.ready(), second.ready(), third.ready()]);
    await put(first, 'a/1', 'acknowledged');
    await Promise.all(opened.splice(0).map((replica) => replica.close()));
    rmSync(join(directory, 'm0'), { recursive: true });
    const [again, other] = await Promise.all([open(0), open(2)]);
    await until(() => ended.length > 0);
    expect(await serve(1_000, again, other)).toBe(false);
    expect([...new Set(ended)]).toEqual([
      expect.stringMatching(/^r0: member r0 came back with another data directory/),
    ]);
  });
});

describe('a member that comes back', () => {
  it('with an older copy of its data directory is not believed, however often it starts', {
    timeout: 60_000,
  }, async () => {
    const ended: string[] = [];
    const c = await startCluster({ size: 3, unsafeNoTls: true, config: { onFatal: (e) => ended.push(e.message) } });
    cluster = c;
    await put(c.replica(0), 'a/1', 'x');
    await Promise.all(c.running().map(async (replica) => replica.backend.readBarrier()));
    const [a, b, away] = [0, 1, 2];
    await c.stop(b);
    cpSync(join(c.directory, `r${b}`), join(directory, 'backup'), { recursive: true });
    await (await c.start(b)).ready();
    await c.stop(away);
    await until(() => c.replica(a).status().leader !== 0);
    await put(c.replica(a), 'a/2', 'acknowledged');
    await c.stop(a);
    await c.stop(b);
    rmSync(join(c.directory, `r${b}`), { recursive: true });
    cpSync(join(directory, 'backup'), join(c.directory, `r${b}`), { recursive: true });
    const [old, other] = await Promise.all([c.start(b), c.start(away)]);
    await until(() => ended.length > 0);
    expect(await serve(1_000, old, other)).toBe(false);
    expect([...new Set(ended)]).toEqual([
      expect.stringContaining('member r1 runs on an older copy of its data directory'),
    ]);
    await c.stop(b);
    await expect(c.start(b)).rejects.toThrow('runs on an older copy of its data directory');
  });
});

describe('who does not say which member it is', () => {
  it('may join, and change nothing else', { timeout: 60_000 }, async () => {
    const c = await startCluster({ size: 3, unsafeNoTls: true, config: { onFatal: () => undefined } });
    cluster = c;
    const { members, id } = c.replica(0).status();
    const address = members.find((member) => member.name === 'r0')?.address ?? '';
    const ask = (request: Parameters<typeof encodeRequest>[0], caller?: Parameters<typeof callMember>[4]) =>
      callMember(address, undefined, encodeRequest(request), 5_000, caller);
    const remove = { op: 'remove', name: 'r2' } as const;
    await expect(ask(remove)).rejects.toThrow('may join, and nothing else');
    await expect(ask({ op: 'add', name: 'r9', address: '127.0.0.1:9' })).rejects.toThrow('nothing else');
    // Of another cluster, meant for another member, and under the name of one with another data directory.
    const self = { cluster: 7, id: members[1]?.id ?? 0, nonce: 'x', logVersion: LOG_VERSION };
    await expect(ask(remove, { self, to: id })).rejects.toThrow('belongs to another cluster');
    const { cluster: number } = await joined(address);
    await expect(ask(remove, { self: { ...self, cluster: number }, to: 1 })).rejects.toThrow(/not 1/);
    await expect(ask(remove, { self: { ...self, cluster: number }, to: id })).rejects.toThrow(/another data directory/);
    expect(
      c
        .replica(0)
        .status()
        .members.map((member) => member.name)
        .sort(),
    ).toEqual(['r0', 'r1', 'r2', 'r9']);
    // The place belongs to the data directory that it was given to.
    await expect(joined(address, 'other')).rejects.toThrow(/had a data directory before/);
    expect((await joined(address)).cluster).toBe(number);
  });

  async function joined(address: string, nonce = 'mine'): Promise<{ readonly cluster: number }> {
    const request = {
      op: 'join',
      cluster: 0,
      name: 'r9',
      address: '127.0.0.1:9',
      nonce,
      logVersion: LOG_VERSION,
    } as const;
    const { decodeOrigin } = await import('./membership.js');
    return decodeOrigin(await callMember(address, undefined, encodeRequest(request)));
  }
});
