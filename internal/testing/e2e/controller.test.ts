import * as k8s from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type E2eCluster, eventually, has, startCluster } from './cluster.js';
import { Copier } from './controller/copier.js';
import { followConfigMaps, type RunningInformer } from './controller/informer.js';

const NAMESPACE = 'default';
const SOURCES = ['a', 'b', 'c', 'd'];
/** How long writes go on: QUORATE_CONTROLLER_SECONDS for a longer run. */
const SECONDS = Number(process.env['QUORATE_CONTROLLER_SECONDS'] ?? 24);
const TIMES = { duration: 6_000, renewDeadline: 4_000, retry: 500 };

/** What an informer told of each object, in order: `data.seq` of every add and update, then `gone`. */
class Witness {
  readonly told = new Map<string, (number | 'gone')[]>();
  constructor(readonly name: string) {}
  note(event: string, object: k8s.V1ConfigMap): void {
    const name = object.metadata?.name ?? '';
    const list = this.told.get(name) ?? [];
    this.told.set(name, list);
    list.push(event === 'delete' ? 'gone' : Number(object.data?.['seq']));
  }
}

/** Writes 1, 2, 3 ... into each source, each exactly once, whatever becomes of the answers. */
class Writer {
  readonly last = new Map<string, number>(SOURCES.map((name) => [name, 0]));
  #stop = false;
  readonly #running: Promise<void>;
  constructor(readonly api: k8s.CoreV1Api) {
    this.#running = this.#run();
  }
  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
  }
  async #run(): Promise<void> {
    for (let seq = 1; !this.#stop; seq++) {
      for (const name of SOURCES) {
        await eventually(`write ${name}=${seq}`, () => this.#write(name, seq), 30_000);
        this.last.set(name, seq);
      }
    }
  }
  /** Tries once; a write whose answer was lost is found done, or is refused for its version when it is tried again. */
  async #write(name: string, seq: number): Promise<boolean> {
    const data = { seq: String(seq) };
    if (seq === 1) {
      const body = { metadata: { name, labels: { role: 'source' } }, data };
      await this.api.createNamespacedConfigMap({ namespace: NAMESPACE, body }).catch((e: unknown) => {
        if (!(e instanceof k8s.ApiException) || e.code !== 409) throw e;
      });
      return true;
    }
    const current = await this.api.readNamespacedConfigMap({ name, namespace: NAMESPACE });
    if (current.data?.['seq'] === data.seq) return true;
    await this.api.replaceNamespacedConfigMap({ name, namespace: NAMESPACE, body: Object.assign(current, { data }) });
    return true;
  }
}

describe.skipIf(!has('haproxy'))('controllers written with @kubernetes/client-node behind HAProxy', () => {
  let cluster: E2eCluster;
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 3 });
  }, 180_000);
  afterAll(async () => {
    await cluster.down();
  });

  const config = (file: string): k8s.KubeConfig => {
    const kc = new k8s.KubeConfig();
    kc.loadFromFile(file);
    return kc;
  };

  it(
    'see every event once, elect one leader and do their work, while replicas die',
    async () => {
      const kc = config(cluster.kubeconfig);
      const api = kc.makeApiClient(k8s.CoreV1Api);
      const follow = async (witness: Witness, of: k8s.KubeConfig): Promise<RunningInformer> =>
        followConfigMaps(of, NAMESPACE, 'role=source', (event, object) => witness.note(event, object));
      // Through the balancer, and each replica's own: that one is away while its replica is.
      const witnesses = [new Witness('balancer'), new Witness('r1'), new Witness('r2'), new Witness('r3')];
      const informers = await Promise.all(
        witnesses.map((w, i) => follow(w, i === 0 ? kc : config(cluster.replicaKubeconfig(i)))),
      );

      const leaders = new Set<string>();
      const faults: string[] = [];
      const terms: string[] = [];
      const onLead = (identity: string, isLeader: boolean): void => {
        if (!isLeader) leaders.delete(identity);
        else {
          if (leaders.size > 0) faults.push(`${identity} leads beside ${[...leaders].join()}`);
          leaders.add(identity);
          terms.push(identity);
        }
      };
      const copier = (identity: string): Promise<Copier> =>
        Copier.start({ kc, namespace: NAMESPACE, identity, times: TIMES, onLead });
      const copiers = [await copier('one'), await copier('two')];
      const copies = new Witness('copies');
      const copyInformer = await followConfigMaps(kc, NAMESPACE, 'role=copy', (event, o) => copies.note(event, o));

      const writer = new Writer(api);
      const started = Date.now();
      const until = (part: number): Promise<void> =>
        new Promise((resolve) => setTimeout(resolve, Math.max(0, started + part * SECONDS * 1000 - Date.now())));
      const progress = (): number => Math.min(...writer.last.values());

      await until(0.15);
      await cluster.kill(await cluster.leader(), 'SIGKILL');
      const before = progress();
      await eventually('writes go on without the dead leader', () => Promise.resolve(progress() > before + 3));
      await until(0.35);
      await cluster.up();
      // The controller that leads dies with its lease; the other takes over when that has run out.
      await eventually('a controller leads', () => Promise.resolve(leaders.size === 1));
      const dying = copiers.findIndex((c) => c.leads);
      await copiers.splice(dying, 1)[0]?.die();
      const successor = copiers[0];
      await eventually('the other controller leads', () => Promise.resolve(successor?.leads === true));
      await until(0.7);
      await cluster.kill(await cluster.leader(), 'SIGTERM');
      await cluster.up();
      await until(1);
      await writer.stop();

      const last = progress();
      expect(last).toBeGreaterThan(SECONDS);
      const everySeq = Array.from({ length: last }, (_, i) => i + 1);
      const caughtUp = (w: Witness): boolean => SOURCES.every((s) => w.told.get(s)?.at(-1) === writer.last.get(s));
      await eventually('the informers are up to date', () => Promise.resolve(witnesses.every(caughtUp)));
      await eventually('the copies are up to date', () =>
        Promise.resolve(SOURCES.every((s) => copies.told.get(`copy-of-${s}`)?.at(-1) === writer.last.get(s))),
      );
      for (const name of SOURCES) await api.deleteNamespacedConfigMap({ name, namespace: NAMESPACE });
      await eventually('the copies are gone', () =>
        Promise.resolve(SOURCES.every((s) => copies.told.get(`copy-of-${s}`)?.at(-1) === 'gone')),
      );
      await eventually('the informers know', () =>
        Promise.resolve(witnesses.every((w) => SOURCES.every((s) => w.told.get(s)?.at(-1) === 'gone'))),
      );

      for (const witness of witnesses) {
        for (const name of SOURCES) {
          const wanted = [...everySeq, 'gone'];
          expect(witness.told.get(name), `${name} as told by ${witness.name}`).toEqual(wanted);
        }
      }
      for (const [name, told] of copies.told) {
        const numbers = told.slice(0, -1);
        // A copy may skip what came while nobody led, but it never goes back, and there was one of it.
        expect(numbers, name).toEqual([...new Set(numbers)].toSorted((a, b) => Number(a) - Number(b)));
        expect(told.at(-1), name).toBe('gone');
      }
      expect(faults).toEqual([]);
      expect(new Set(terms)).toEqual(new Set(['one', 'two']));
      expect(
        informers.reduce((n, i) => n + i.restarts(), 0),
        'watches broke and were taken up again',
      ).toBeGreaterThan(0);

      await Promise.all([...copiers.map((c) => c.die()), ...informers.map((i) => i.stop()), copyInformer.stop()]);
    },
    SECONDS * 1000 + 120_000,
  );
});
