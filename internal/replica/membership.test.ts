import { afterEach, describe, expect, it } from 'vitest';
import { freePorts, startCluster, type TestCluster } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import { UnavailableError } from '../store/types.js';
import { MembershipError, type Replica } from './index.js';

let cluster: TestCluster | undefined;
afterEach(() => cluster?.close());

const put = (replica: Replica, key: string, text: string) =>
  replica.backend.txn({ compares: [], ops: [{ type: 'put', key, value: Buffer.from(text), revisionAt: -1 }] });
const names = (replica: Replica, learner = false) =>
  replica
    .status()
    .members.filter((member) => member.learner === learner)
    .map((member) => member.name)
    .sort();
/** As a client does that is told to try again. */
async function whileUnavailable(ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
    }
  }
}

describe('the membership', () => {
  it('grows from one to five and shrinks to one again under load, and loses nothing', { timeout: 60_000 }, async () => {
    const c = await startCluster({ size: 1, spare: 4, unsafeNoTls: true, config: { onFatal: () => undefined } });
    cluster = c;
    let stop = false;
    let written = 0;
    const load = (async () => {
      while (!stop) {
        try {
          await put(c.replica(0), `k/${written}`, String(written));
          written++;
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
        }
      }
    })();
    for (let i = 1; i < 5; i++) {
      const joined = await c.start(i, { join: i - 1 });
      await joined.ready();
      await until(() => names(c.replica(0)).includes(`r${i}`));
    }
    await until(() => names(c.replica(4)).length === 5);
    await put(c.replica(4), 'k/last', 'x');
    for (let i = 4; i > 0; i--) {
      await c.replica(0).removeMember(`r${i}`);
      await c.stop(i);
    }
    expect(names(c.replica(0))).toEqual(['r0']);
    stop = true;
    await load;
    expect(written).toBeGreaterThan(50);
    for (let i = 0; i < written; i++) expect(c.replica(0).backend.get(`k/${i}`)?.value.toString()).toBe(String(i));
    expect(c.replica(0).backend.get('k/last')?.value.toString()).toBe('x');
  });

  it('brings a member back that lost its disk, once it is removed', { timeout: 60_000 }, async () => {
    const c = await startCluster({ size: 3, unsafeNoTls: true });
    cluster = c;
    await put(c.replica(0), 'a/1', 'x');
    const leader = await c.leader();
    const lost = (leader + 1) % 3;
    const other = (leader + 2) % 3;
    await c.stop(lost);
    await expect(c.start(lost, { wipe: true, join: leader })).rejects.toThrow(/had a data directory before/);
    // Two of three are left: on a busy machine they may be without a leader just now.
    await whileUnavailable(async () => {
      if (names(c.replica(other)).includes(`r${lost}`)) await c.replica(other).removeMember(`r${lost}`);
    });
    const back = await c.start(lost, { wipe: true, join: other });
    await back.ready();
    expect(back.backend.get('a/1')?.value.toString()).toBe('x');
    await until(() => names(c.replica(leader)).length === 3);
    await whileUnavailable(() => put(back, 'a/1', 'y'));
  });

  it('turns its founder away, which began anew without its disk', { timeout: 30_000 }, async () => {
    const ended: string[] = [];
    const c = await startCluster({
      size: 1,
      spare: 2,
      unsafeNoTls: true,
      config: { onFatal: (error) => ended.push(error.message) },
    });
    cluster = c;
    for (const i of [1, 2]) {
      const joined = await c.start(i, { join: 0 });
      await joined.ready();
      await until(() => names(c.replica(0)).includes(`r${i}`));
    }
    await put(c.replica(0), 'a/1', 'x');
    await c.stop(0);
    // As it was founded: alone, of a cluster of the same name, and so at once its leader.
    await c.start(0, { wipe: true });
    await until(() => ended.length > 0);
    expect(ended[0]).toMatch(/member r0 came back with another data directory .*quorate member remove r0.* --join/);
    await c.stop(0);
    // Under a leader of their own.
    await c.replica(1).ready();
    await c.replica(1).removeMember('r0');
    const back = await c.start(0, { wipe: true, join: 2 });
    await back.ready();
    expect(back.backend.get('a/1')?.value.toString()).toBe('x');
  });

  it('tells a removed member that still runs, and a leader may remove itself', { timeout: 30_000 }, async () => {
    const refused: string[] = [];
    const c = await startCluster({
      size: 3,
      unsafeNoTls: true,
      config: { onFatal: (error) => refused.push(error.message) },
    });
    cluster = c;
    const leader = await c.leader();
    const other = (leader + 1) % 3;
    await c.replica(other).removeMember(`r${leader}`);
    await until(() => refused.length > 0);
    expect(refused[0]).toContain('was removed from the cluster');
    await put(c.replica(other), 'a/1', 'x');
    expect(names(c.replica(other))).toHaveLength(2);
  });

  it('refuses a name or an address that no member can have, and goes on', async () => {
    const c = await startCluster({ size: 1, spare: 1, unsafeNoTls: true });
    cluster = c;
    const replica = c.replica(0);
    for (const name of ['', 'Bad Name', 'a/b', '../x', 'x'.repeat(64)]) {
      await expect(replica.addMember(name, '127.0.0.1:9')).rejects.toThrow(/must be lower-case/);
    }
    for (const address of ['', 'nohost', 'host:', ':9', 'host:0', 'host:99999', 'a b:9', '::1:9', 'unix:/x:9']) {
      await expect(replica.addMember('x', address)).rejects.toThrow(/is not host:port/);
    }
    await expect(replica.addMember('x', '0.0.0.0:9')).rejects.toThrow(/cannot reach a member at 0\.0\.0\.0:9/);
    const own = replica.status().members[0]?.address ?? '';
    await expect(replica.addMember('x', own)).rejects.toThrow(`member r0 is at ${own}`);
    await put(replica, 'a/1', 'x');
    expect(replica.status().members).toHaveLength(1);
  });

  it('gives no vote to a member that is not there, which would stop all writes', { timeout: 30_000 }, async () => {
    const c = await startCluster({ size: 1, spare: 1, unsafeNoTls: true });
    cluster = c;
    const [port = 0] = await freePorts(1);
    await c.replica(0).addMember('r9', `127.0.0.1:${port}`);
    await expect(c.replica(0).promoteMember('r9')).rejects.toThrow(/is not connected/);
    await put(c.replica(0), 'a/1', 'x');
  });

  it('is seen as changed by the replica that was asked, whoever leads', async () => {
    const c = await startCluster({ size: 3, unsafeNoTls: true });
    cluster = c;
    const other = c.replica(((await c.leader()) + 1) % 3);
    const [port = 0] = await freePorts(1);
    for (let i = 0; i < 3; i++) {
      await other.addMember('r9', `127.0.0.1:${port}`);
      expect(names(other, true)).toEqual(['r9']);
      await other.removeMember('r9');
      expect(names(other, true)).toEqual([]);
    }
  });

  it('removes the leader, asked through another, and says so although the leader is gone', {
    timeout: 30_000,
  }, async () => {
    let ended = (): void => undefined;
    const c = await startCluster({ size: 3, unsafeNoTls: true, config: { onFatal: () => ended() } });
    cluster = c;
    const leader = await c.leader();
    // As a process does, it ends at once.
    ended = () => void c.stop(leader);
    const other = c.replica((leader + 1) % 3);
    await other.removeMember(`r${leader}`);
    expect(names(other)).toHaveLength(2);
  });

  it('refuses what would cost the majority, and what makes no sense', async () => {
    const c = await startCluster({ size: 3, unsafeNoTls: true });
    cluster = c;
    const leader = await c.leader();
    const [down, other] = [(leader + 1) % 3, (leader + 2) % 3];
    await expect(c.replica(other).removeMember('r9')).rejects.toThrow(MembershipError);
    await expect(c.replica(leader).addMember('r1', '127.0.0.1:1')).rejects.toThrow(/Remove it first/);
    await c.stop(down);
    const lost = (): boolean =>
      c
        .replica(leader)
        .status()
        .members.some((member) => !member.connected);
    await until(lost);
    await expect(c.replica(leader).removeMember(`r${other}`)).rejects.toThrow(/no majority/);
    // By its id, which is what logs call it.
    const id = c
      .replica(leader)
      .status()
      .members.find((member) => member.name === `r${down}`)?.id;
    await c.replica(leader).removeMember(String(id));
    await until(() => names(c.replica(other)).length === 2);
  });

  it('keeps its majority when several are removed at once', { timeout: 30_000 }, async () => {
    const c = await startCluster({ size: 5, unsafeNoTls: true, config: { onFatal: () => undefined } });
    cluster = c;
    const leader = await c.leader();
    const [down, ...others] = [1, 2, 3, 4].map((i) => (leader + i) % 5);
    await c.stop(down ?? 0);
    const connected = (): number =>
      c
        .replica(leader)
        .status()
        .members.filter((member) => member.connected).length;
    await until(() => connected() === 4);
    const removals = await Promise.allSettled(others.map((i) => c.replica(leader).removeMember(`r${i}`)));
    expect(removals.filter((removal) => removal.status === 'fulfilled')).toHaveLength(2);
    await put(c.replica(leader), 'a/1', 'x');
  });
});
