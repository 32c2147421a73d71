import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../testing/cluster.js';
import { until } from '../../testing/until.js';
import { UnavailableError } from '../../store/types.js';
import { openReplica } from '../index.js';
import { DirectoryTarget } from './directory.js';
import { listingOf } from './names.js';
import { clusterDirectory } from './place.js';
import type { RestorePoint } from './plan.js';
import { restoreArchive, verifyArchive } from './restore.js';

interface Write {
  readonly key: string;
  readonly revision: number;
  readonly beganMs: number;
  readonly acknowledgedMs: number;
}

/** Everything that was acknowledged by a moment, and nothing that was begun later, is what a person means by that moment. */
describe('an archive that was kept by three replicas under load, and by two of them when their leader was stopped', () => {
  const directory = mkdtempSync(join(tmpdir(), 'quorate-archive-'));
  const root = join(directory, 'archive');
  const taken: Write[] = [];
  /** What became of these is not known. */
  const doubtful = new Set<string>();
  let cluster: TestCluster;
  let id = 0;
  let target: DirectoryTarget;
  let restores = 0;
  /** Moments between two writes, and the revision that was the newest acknowledged one. */
  const moments: { timeMs: number; revision: number }[] = [];

  const note = (): void => {
    moments.push({ timeMs: Date.now(), revision: taken.reduce((max, { revision }) => Math.max(max, revision), 0) });
  };

  beforeAll(async () => {
    cluster = await startCluster({
      size: 3,
      unsafeNoTls: true,
      config: {
        archive: {
          target: (of) => new DirectoryTarget(root, clusterDirectory((id = of))),
          intervalMs: 1,
          baseIntervalMs: 2_000,
          retentionMs: 0,
        },
      },
    });
    let stop = false;
    const writer = async (n: number): Promise<void> => {
      for (let i = 0; !stop; i++) {
        const replica = cluster.running()[n % 3] ?? cluster.running()[0];
        const key = `k/${n}-${i}`;
        const beganMs = Date.now();
        try {
          const put = { type: 'put', key, value: Buffer.from(key), revisionAt: -1 } as const;
          const result = await replica?.backend.txn({ compares: [], ops: [put] }, 5_000);
          taken.push({ key, revision: result?.revision ?? 0, beganMs, acknowledgedMs: Date.now() });
        } catch (error) {
          if (!(error instanceof UnavailableError)) throw error;
          doubtful.add(key);
        }
      }
    };
    const writers = Array.from({ length: 12 }, (_, n) => writer(n));
    const logs = (): number => (id === 0 ? 0 : listingOf(readdirSync(target.path(''))).logs.length);
    await until(() => id !== 0);
    target = new DirectoryTarget(root, clusterDirectory(id));
    await target.list();
    await until(() => logs() >= 2);
    note();
    await until(() => logs() >= 4);
    const leader = await cluster.leader();
    await cluster.stop(leader);
    const size = taken.length;
    await until(() => taken.length > size + 100);
    note();
    const at = logs();
    await until(() => logs() >= at + 3);
    stop = true;
    await Promise.all(writers);
    const last = taken.reduce((max, { revision }) => Math.max(max, revision), 0);
    await until(() => listingOf(readdirSync(target.path(''))).logs.some((log) => log.revision >= last));
    await cluster.close();
  }, 120_000);

  afterAll(async () => {
    await cluster?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** The keys that are there when the archive is restored to a point, and a replica is started on that. */
  const restored = async (point: RestorePoint, from = target): Promise<Set<string>> => {
    const dataDir = join(directory, `restored-${++restores}`);
    const place = { dataDir, name: 'r0', address: '127.0.0.1:2380', bumpRevision: 1_000_000 };
    await restoreArchive(from, point, place, directory, () => undefined);
    const replica = await openReplica({ name: 'r0', dataDir });
    try {
      await replica.ready();
      const { items } = replica.backend.range({ start: 'k/', end: 'k0' });
      return new Set(items.map((item) => item.key));
    } finally {
      await replica.close();
    }
  };
  /** Another archive with the first copy of the state and the whole log, but for what is done to them. */
  const copy = (change: (path: string) => void): DirectoryTarget => {
    const other = new DirectoryTarget(join(directory, `copy-${++restores}`), clusterDirectory(id));
    mkdirSync(other.path(''), { recursive: true });
    for (const name of readdirSync(target.path(''))) copyFileSync(target.path(name), other.path(name));
    for (const { name } of listingOf(readdirSync(other.path(''))).bases.slice(1)) rmSync(other.path(name));
    change(other.path(''));
    return other;
  };

  it('is restored to exactly what was acknowledged up to a revision', async () => {
    // Several writes are in one entry of the log: a revision may be in the midst of one.
    for (const revision of moments.flatMap((moment) => [moment.revision, moment.revision - 1])) {
      const keys = await restored({ revision });
      const expected = taken.filter((write) => write.revision <= revision).map((write) => write.key);
      expect(expected.filter((key) => !keys.has(key))).toEqual([]);
      const late = taken.filter((write) => write.revision > revision && keys.has(write.key));
      expect(late).toEqual([]);
    }
  });

  it('is restored to a time: all that was acknowledged by then, nothing that was begun later', async () => {
    for (const { timeMs } of moments) {
      const keys = await restored({ timeMs });
      expect(taken.filter((write) => write.acknowledgedMs < timeMs && !keys.has(write.key))).toEqual([]);
      expect(taken.filter((write) => write.beganMs > timeMs && keys.has(write.key))).toEqual([]);
    }
  });

  it('is restored to its end, where all that was ever acknowledged is', async () => {
    const keys = await restored({});
    expect(taken.filter((write) => !keys.has(write.key))).toEqual([]);
    expect([...keys].filter((key) => !doubtful.has(key) && !taken.some((write) => write.key === key))).toEqual([]);
  });

  it('with a piece of its log missing is refused beyond that, and restored before it', async () => {
    const { logs } = listingOf(await target.list());
    const gone = logs.at(-2);
    expect(gone?.last).toBeGreaterThan(0);
    const holed = copy((path) => rmSync(join(path, gone?.name ?? '')));
    await expect(restored({}, holed)).rejects.toThrow(
      `the archive has a hole: the entries ${gone?.first} to ${gone?.last} of the log are missing, between `,
    );
    const [first] = moments;
    expect(await restored({ revision: first?.revision ?? 0 }, holed)).toEqual(
      await restored({ revision: first?.revision ?? 0 }),
    );
  });

  it('with damage is refused with the name of the file', async () => {
    const { bases, logs } = listingOf(await target.list());
    const [firstBase, lastLog] = [bases[0], logs.at(-1)];
    for (const name of [firstBase?.name ?? '', lastLog?.name ?? '']) {
      const damaged = copy((path) => {
        const bytes = readFileSync(join(path, name));
        bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
        writeFileSync(join(path, name), bytes);
      });
      const scratch = join(directory, `scratch-${++restores}`);
      await expect(verifyArchive(damaged, {}, scratch, () => undefined)).rejects.toThrow(
        new RegExp(`${name}.* cannot be used`),
      );
      const cut = copy((path) => {
        const bytes = readFileSync(join(path, name));
        writeFileSync(join(path, name), bytes.subarray(0, bytes.length - 1));
      });
      await expect(verifyArchive(cut, {}, `${scratch}-cut`, () => undefined)).rejects.toThrow(/cannot be used/);
    }
    const { name = '', revision = 0 } = lastLog ?? {};
    const other = name.replace(String(revision).padStart(15, '0'), String(revision + 1).padStart(15, '0'));
    const renamed = copy((path) => renameSync(join(path, name), join(path, other)));
    await expect(restored({}, renamed)).rejects.toThrow(/is another than its name says/);
  });

  it('says what is before its beginning and behind its end', async () => {
    await expect(restored({ timeMs: 1 })).rejects.toThrow(/the archive begins at revision \d+, at /);
    await expect(restored({ timeMs: Date.now() + 3_600_000 })).rejects.toThrow(/the archive ends at /);
    const last = taken.reduce((max, { revision }) => Math.max(max, revision), 0);
    await expect(restored({ revision: last + 1_000_000 })).rejects.toThrow(/the archive ends at revision \d+/);
  });
});

describe('the archive of one replica', () => {
  it('goes on after a restart, and what is older than the retention goes', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-archive-'));
    const root = join(directory, 'archive');
    let id = 0;
    const cluster = await startCluster({
      config: {
        archive: {
          target: (of) => new DirectoryTarget(root, clusterDirectory((id = of))),
          intervalMs: 1,
          baseIntervalMs: 1,
          retentionMs: 1,
        },
      },
    });
    try {
      const put = async (text: string): Promise<number> => {
        const op = { type: 'put', key: 'k/a', value: Buffer.from(text), revisionAt: -1 } as const;
        return (await cluster.replica(0).backend.txn({ compares: [], ops: [op] })).revision;
      };
      const target = new DirectoryTarget(root, clusterDirectory(id));
      for (const text of ['one', 'two', 'three']) {
        const revision = await put(text);
        await until(async () => {
          const { bases, logs } = listingOf(await target.list());
          return [...bases, ...logs].some((file) => file.revision >= revision);
        });
        await cluster.stop(0);
        await (await cluster.start(0)).ready();
      }
      await until(async () => {
        const { bases } = listingOf(await target.list());
        return bases.length === 1 && bases[0]?.revision === 3;
      });
      expect(cluster.replica(0).archive()).toMatchObject({ failures: 0 });
      expect(await verifyArchive(target, {}, join(directory, 'scratch'), () => undefined)).toBe(3);
    } finally {
      await cluster.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it('that cannot be written is told of, holds up no write, and goes on when it can', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'quorate-archive-'));
    const root = join(directory, 'archive');
    writeFileSync(root, 'a file where a directory should be');
    const said: string[] = [];
    let id = 0;
    const cluster = await startCluster({
      config: {
        log: (level, text) => level === 'error' && said.push(text),
        archive: {
          target: (of) => new DirectoryTarget(root, clusterDirectory((id = of))),
          intervalMs: 1,
          baseIntervalMs: 60_000,
          retentionMs: 0,
        },
      },
    });
    try {
      const { backend } = cluster.replica(0);
      const op = { type: 'put', key: 'k/a', value: Buffer.from('a'), revisionAt: -1 } as const;
      const { revision } = await backend.txn({ compares: [], ops: [op] });
      await until(() => said.length > 0);
      expect(said[0]).toMatch(/^the archive cannot be written, and is tried again every 5 s: /);
      expect(cluster.replica(0).archive()?.failures).toBeGreaterThan(0);
      rmSync(root);
      const target = new DirectoryTarget(root, clusterDirectory(id));
      await until(async () => listingOf(await target.list()).bases.some((base) => base.revision >= revision));
    } finally {
      await cluster.close();
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
