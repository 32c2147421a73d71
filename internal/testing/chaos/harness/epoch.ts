import type { Violation, WatchHistory } from '../checks/history.js';
import { type Judgement, judge } from '../checks/judge.js';
import { call } from './api.js';
import { ChaosClient } from './clients.js';
import type { ChaosCluster, RaftStatus } from './cluster.js';
import { perform } from './faults.js';
import { configMap, parseList, parseObject } from './objects.js';
import { Recorder } from './recorder.js';
import type { PlannedFault } from './schedule.js';
import { ChaosWatcher } from './watchers.js';

const CALL_TIMEOUT_MS = 15_000;
/** For the cluster to be whole again, and for watchers to be told everything, on a busy machine. */
const PATIENCE_MS = 120_000;
/** For one change of the membership. */
const MEMBER_TIMEOUT_MS = 20_000;
const SIDES = ['a', 'b'] as const;

export interface EpochOptions {
  readonly cluster: ChaosCluster;
  /** Counts from 1; its objects lie in a namespace of their own. */
  readonly number: number;
  readonly seed: number;
  readonly lengthMs: number;
  readonly clients: number;
  readonly keys: number;
  readonly thinkMs: number;
  readonly faults: readonly PlannedFault[];
  readonly say: (text: string) => void;
  /** True when the run is to end early. */
  readonly interrupted: () => boolean;
}

export interface EpochResult extends Judgement {
  readonly recorder: Recorder;
  readonly watches: readonly WatchHistory[];
  readonly faultLog: readonly string[];
  readonly revision: number;
  readonly leaderChanges: number;
}

/** One stretch of load and faults over objects of its own, after which everything must be whole again; and its judgement. */
export async function runEpoch(options: EpochOptions): Promise<EpochResult> {
  return new Epoch(options).run();
}

class Epoch {
  readonly #recorder = new Recorder();
  readonly #namespace: string;
  readonly #violations: Violation[] = [];
  readonly #faultLog: string[] = [];
  #begun = 0;

  constructor(private readonly options: EpochOptions) {
    this.#namespace = `chaos-${options.number}`;
  }

  async run(): Promise<EpochResult> {
    try {
      return await this.#run();
    } catch (error) {
      // A cluster that takes no write minutes after the last fault hangs: that is a finding, and not the harness's end.
      const { cluster } = this.options;
      const words = cluster.names.flatMap((name) => cluster.lastWords(name).map((line) => `${name}: ${line}`));
      this.#broken(
        'health',
        `the epoch came to no end: ${error instanceof Error ? error.message : String(error)}`,
        words,
      );
      const nothing = { undecided: [], watches: [], revision: 0, leaderChanges: 0 };
      return { violations: this.#violations, recorder: this.#recorder, faultLog: this.#faultLog, ...nothing };
    }
  }

  async #run(): Promise<EpochResult> {
    const { cluster } = this.options;
    const base = await this.#createNamespace();
    const clients = this.#clients();
    const watchers = this.#watchers(base);
    this.#begun = performance.now();
    await this.#faults();
    await this.#heal();
    await Promise.all(clients.map((client) => client.stop()));
    const fences = await this.#fences();
    const late = await this.#allReached(watchers, fences);
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    const fence = Math.max(...fences.values());
    await this.#finalReads(fence);
    const statuses = await this.#converged();
    const compacted = Math.max(0, ...[...statuses.values()].map((status) => status.compactRevision));
    const scribes = await this.#scribes(base, fences, compacted);
    const watches = [...watchers, ...scribes].map((watcher) =>
      watcher.history(fences.get(watcher.side ?? '') ?? fence),
    );
    if (late.length > 0) this.options.say(`watchers that were not told everything: ${late.join(', ')}`);
    const verdict = judge(this.#recorder.history(watches), base, fence, compacted);
    for (const { text } of this.#recorder.oddities) this.#broken('health', `an answer that should not be: ${text}`);
    for (const exit of cluster.unexpectedExits.splice(0)) {
      const { name, code, signal, lastWords } = exit;
      const how = signal ?? `status ${code}`;
      if (name === cluster.smallDiskOf && lastWords.some((line) => /disk|space|ENOSPC/i.test(line))) {
        this.#log(`${name} ended with ${how} for want of space: ${lastWords.at(-1) ?? ''}`);
      } else this.#broken('health', `${name} ended by itself with ${how}`, lastWords);
    }
    return {
      violations: [...this.#violations, ...verdict.violations],
      undecided: verdict.undecided,
      recorder: this.#recorder,
      watches,
      faultLog: this.#faultLog,
      revision: fence,
      leaderChanges: Math.max(0, ...[...statuses.values()].map((status) => status.leaderChanges)),
    };
  }

  #broken(property: Violation['property'], text: string, evidence: readonly string[] = []): void {
    this.#violations.push({ property, text, evidence });
  }

  #log(text: string): void {
    const line = `${((performance.now() - this.#begun) / 1000).toFixed(1)} s (${performance.now().toFixed(1)}) ${text}`;
    this.#faultLog.push(line);
    this.options.say(line);
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#namespace}/configmaps`;
  }

  /** Tries at every replica in turn until one does it. */
  async #insist(what: string, method: string, path: string, body: unknown, good: readonly number[]): Promise<string> {
    const { cluster } = this.options;
    let last = '';
    for (const until = performance.now() + PATIENCE_MS; performance.now() < until; ) {
      for (const name of cluster.names) {
        try {
          const answer = await call(`${cluster.url(name)}${path}`, { method, body, timeoutMs: CALL_TIMEOUT_MS });
          if (good.includes(answer.status)) return answer.body;
          last = `${answer.status} ${answer.body}`;
        } catch (error) {
          last = error instanceof Error ? error.message : String(error);
        }
      }
      await sleep(200);
    }
    throw new Error(`${what} could not be done: ${last}`);
  }

  /** The revision before which nothing of this epoch existed. */
  async #createNamespace(): Promise<number> {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.#namespace } };
    await this.#insist('the namespace', 'POST', '/api/v1/namespaces', body, [201, 409]);
    return parseList(await this.#insist('the first list', 'GET', this.#path, undefined, [200])).revision;
  }

  #clients(): ChaosClient[] {
    const { cluster, seed, number, clients, keys, thinkMs } = this.options;
    const names = Array.from({ length: keys }, (_, i) => `k${i}`);
    return Array.from({ length: clients }, (_, i) => {
      const common = { cluster, recorder: this.#recorder, namespace: this.#namespace, keys: names, thinkMs };
      // Every second one asks one replica only, whatever happens to it; the others go round.
      const stay = i % 2 === 0 ? { stay: cluster.names[(i / 2) % cluster.names.length] ?? '' } : {};
      return new ChaosClient({ ...common, ...stay, name: `c${i}`, seed: seed * 1_000_003 + number * 1_009 + i });
    });
  }

  #watchers(after: number): ChaosWatcher[] {
    const { cluster, seed, number } = this.options;
    const common = { cluster, recorder: this.#recorder, namespace: this.#namespace, after };
    const kinds = [
      // One that stays at each replica as long as it can, and wanderers of every kind.
      ...cluster.names.map((name) => ({ name: `stays-${name}`, stay: name, hopMs: 0 })),
      { name: 'hops-1', hopMs: 1_500 },
      { name: 'hops-2', hopMs: 5_000 },
      { name: 'hops-3', hopMs: 400 },
      { name: 'side-a', side: 'a', hopMs: 3_000 },
      { name: 'side-b', side: 'b', hopMs: 0 },
      // Told to end after few seconds, so that bookmarks come, from which they go on.
      { name: 'short-1', timeoutSeconds: 4, hopMs: 0 },
      { name: 'short-b', timeoutSeconds: 3, side: 'b', hopMs: 0 },
      { name: 'initial-1', initial: true, hopMs: 1_000 },
      { name: 'initial-a', initial: true, side: 'a', hopMs: 2_000 },
    ];
    return kinds.map((kind, i) => new ChaosWatcher({ ...common, ...kind, seed: seed * 7_919 + number * 101 + i }));
  }

  async #faults(): Promise<void> {
    const { cluster, faults, lengthMs, interrupted } = this.options;
    const running = faults.map(async (fault) => {
      await this.#sleepUntil(fault.at);
      if (interrupted()) return;
      try {
        await perform(fault, { cluster, say: (text) => this.#log(text), sleep });
      } catch (error) {
        // The harness, not the cluster: say so, and go on.
        this.#log(`${fault.name} failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`);
        this.#broken('health', `the harness could not carry out ${fault.name} ${fault.kind}: ${String(error)}`);
      }
    });
    await Promise.all([...running, this.#sleepUntil(lengthMs)]);
  }

  async #sleepUntil(at: number): Promise<void> {
    while (performance.now() < this.#begun + at && !this.options.interrupted()) {
      await sleep(Math.max(0, Math.min(500, this.#begun + at - performance.now())));
    }
  }

  /** Undoes whatever is left, and waits until every replica serves. */
  async #heal(): Promise<void> {
    const { cluster } = this.options;
    cluster.disk?.empty();
    for (const name of cluster.hosts) {
      if (cluster.isPaused(name)) cluster.resume(name);
      cluster.setClock(name, { offsetMs: 0 });
      if (!cluster.isWiped(name)) await cluster.startReplica(name);
    }
    this.#log('all faults are over');
    await this.#settleMembership();
    const whole = await cluster.eventually(async () => {
      // Who ended by itself on a full disk is started again now that there is room.
      for (const name of cluster.names) await cluster.startReplica(name);
      const statuses = [...(await cluster.statuses()).values()];
      // A wish to join whose process has ended may still be granted, seconds later: then the spare one leaves once more.
      const isBack = statuses.some(({ members }) => members.some((member) => member.name === cluster.spare));
      if (isBack) await cluster.retireSpare(MEMBER_TIMEOUT_MS);
      return (
        statuses.length === cluster.names.length &&
        statuses.every((status) => status.leaderName !== '' && status.members.every((member) => !member.learner)) &&
        statuses.every((status) => status.members.length === cluster.names.length)
      );
    }, PATIENCE_MS);
    if (!whole) {
      const lines = [...(await cluster.statuses())].map(([name, status]) => `${name}: ${JSON.stringify(status)}`);
      this.#broken('health', `the cluster is not whole ${PATIENCE_MS} ms after the last fault`, [
        ...lines,
        ...cluster.names.flatMap((name) => cluster.lastWords(name).map((line) => `${name}: ${line}`)),
      ]);
    }
    try {
      await cluster.allReady(true);
    } catch (error) {
      this.#broken('health', error instanceof Error ? error.message : String(error));
    }
    this.#log('every replica is ready');
  }

  /** Who lost its disk is replaced, who came for a while leaves, if faults have kept that from being done. */
  async #settleMembership(): Promise<void> {
    const { cluster } = this.options;
    for (const name of cluster.names) {
      if (!cluster.isWiped(name)) continue;
      await cluster.takeAway(name);
      cluster.condemn(name);
      if (!(await cluster.removeMember(name, PATIENCE_MS))) {
        this.#broken('health', `${name} could not be removed ${PATIENCE_MS} ms after the last fault`);
      }
      await cluster.replace(name);
      await cluster.startReplica(name);
    }
    if (!(await cluster.retireSpare(PATIENCE_MS))) {
      this.#broken('health', `${cluster.spare} could not be removed ${PATIENCE_MS} ms after the last fault`);
    }
  }

  /** Writes the last objects, one for each label; '' is the later one. */
  async #fences(): Promise<Map<string, number>> {
    const fences = new Map<string, number>();
    for (const side of SIDES) {
      const id = `fence-${side}`;
      const body = configMap(id, { id, side });
      await this.#insist('the last write', 'POST', this.#path, body, [201, 409]);
      const written = parseObject(await this.#insist('the last read', 'GET', `${this.#path}/${id}`, undefined, [200]));
      fences.set(side, written.revision);
    }
    fences.set('', Math.max(...fences.values()));
    return fences;
  }

  /** Waits until every watcher was told the last write; the names of those that were not. */
  async #allReached(watchers: readonly ChaosWatcher[], fences: ReadonlyMap<string, number>): Promise<string[]> {
    const late = new Set(watchers.map((watcher) => watcher.name));
    const all = Promise.all(
      watchers.map(async (watcher) => {
        await watcher.reached(fences.get(watcher.side ?? '') ?? 0);
        late.delete(watcher.name);
      }),
    );
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    await Promise.race([all, patience]);
    clearTimeout(timer);
    return [...late];
  }

  /** Reads the whole history once more from every replica's disk, as far as it is not compacted. */
  async #scribes(base: number, fences: ReadonlyMap<string, number>, compacted: number): Promise<ChaosWatcher[]> {
    if (base < compacted) return [];
    const { cluster } = this.options;
    const common = { cluster, recorder: this.#recorder, namespace: this.#namespace, after: base, hopMs: 0, seed: 1 };
    const scribes = cluster.names.map((name) => new ChaosWatcher({ ...common, name: `scribe-${name}`, stay: name }));
    await this.#allReached(scribes, fences);
    await Promise.all(scribes.map((scribe) => scribe.stop()));
    return scribes;
  }

  /** Lists everything at every replica: by quorum, and its own state once that has come far enough. */
  async #finalReads(fence: number): Promise<void> {
    const { cluster } = this.options;
    const texts = new Map<string, string>();
    for (const name of cluster.names) {
      for (const local of [false, true]) {
        const done = await cluster.eventually(async () => {
          const begin = this.#recorder.now();
          const query = local ? '?resourceVersion=0' : '';
          try {
            const answer = await call(`${cluster.url(name)}${this.#path}${query}`, { timeoutMs: CALL_TIMEOUT_MS });
            if (answer.status !== 200) return false;
            const list = parseList(answer.body);
            const end = this.#recorder.now();
            const boot = cluster.boots(name);
            const reader = `final-${name}`;
            this.#recorder.listings.push({ client: reader, replica: name, boot, begin, end, local, ...list });
            if (list.revision < fence) return false;
            texts.set(
              `${name}${local ? ' (local)' : ''}`,
              JSON.stringify((JSON.parse(answer.body) as { items: unknown }).items),
            );
            return true;
          } catch {
            return false; // busy; asked again
          }
        }, PATIENCE_MS);
        if (!done) this.#broken('convergence', `${name} never got to revision ${fence}`, cluster.lastWords(name));
      }
    }
    if (new Set(texts.values()).size <= 1) return;
    this.#broken(
      'convergence',
      'the replicas hold different objects at the end',
      [...texts].map(([name, text]) => `${name}: ${text.slice(0, 2_000)}`),
    );
  }

  /** Equal revisions must have equal state hashes; waits until all replicas were seen at one revision. */
  async #converged(): Promise<Map<string, RaftStatus>> {
    const { cluster } = this.options;
    const byRevision = new Map<number, Map<string, string>>();
    let statuses = new Map<string, RaftStatus>();
    const met = await cluster.eventually(async () => {
      statuses = await cluster.statuses();
      for (const [name, { revision, stateHash }] of statuses) {
        const hashes = byRevision.get(revision) ?? new Map<string, string>();
        byRevision.set(revision, hashes.set(name, stateHash));
      }
      return [...byRevision.values()].some((hashes) => hashes.size === cluster.names.length);
    }, PATIENCE_MS);
    if (!met) this.#broken('convergence', 'the replicas were never at the same revision');
    for (const [revision, hashes] of byRevision) {
      if (new Set(hashes.values()).size <= 1) continue;
      this.#broken(
        'convergence',
        `the replicas have different states at revision ${revision}`,
        [...hashes].map(([name, hash]) => `${name}: ${hash}`),
      );
    }
    return statuses;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
