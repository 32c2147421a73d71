import { Random } from '../../sim/random.js';
import type { WatchHistory, WatchItem } from '../checks/history.js';
import { call, type Lines, openLines } from './api.js';
import type { ChaosCluster } from './cluster.js';
import { parseList, parseStatus, seenIn, type WatchEvent } from './objects.js';
import type { Recorder } from './recorder.js';

const CONNECT_MS = 4_000;
const PAUSE_MS = 100;
/** Longest silence that a watcher bears before it asks elsewhere; bookmarks come about once a minute only. */
const SILENCE_MS = 20_000;
const INITIAL_END = 'k8s.io/initial-events-end';

export interface WatcherOptions {
  readonly name: string;
  readonly seed: number;
  readonly cluster: ChaosCluster;
  readonly recorder: Recorder;
  readonly namespace: string;
  /** Where it begins. */
  readonly after: number;
  readonly side?: string;
  /** Asks for the state as of now every time, instead of resuming. */
  readonly initial?: boolean;
  /** Mean time after which it goes elsewhere by itself; 0: only when it must. */
  readonly hopMs: number;
  /** The server ends each stream after this long, with a bookmark 2 s before; its own default when absent. */
  readonly timeoutSeconds?: number;
  /** The replica that it stays with; any when absent. */
  readonly stay?: string;
}

/** One watch over the objects of the run, resumed on some replica whenever it ends; everything it gets is recorded. */
export class ChaosWatcher {
  readonly #options: WatcherOptions;
  readonly #random: Random;
  readonly #items: WatchItem[] = [];
  #after: number;
  /** No revision to resume from: the last one is compacted. */
  #lost = false;
  #stopped = false;
  #lines: Lines | undefined;
  readonly #done: Promise<void>;
  #waiting: { readonly revision: number; readonly resolve: () => void }[] = [];

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#after = options.after;
    this.#done = this.#run();
  }

  get name(): string {
    return this.#options.name;
  }
  /** Which label it selects; all objects when undefined. */
  get side(): string | undefined {
    return this.#options.side;
  }

  /** Resolves when it has been told everything up to a revision. */
  reached(revision: number): Promise<void> {
    if (this.#after >= revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ revision, resolve }));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#lines?.close();
    await this.#done;
  }

  history(fence: number | undefined): WatchHistory {
    return { name: this.name, side: this.side, items: this.#items, fence };
  }

  #now(): number {
    return this.#options.recorder.now();
  }

  async #run(): Promise<void> {
    const { cluster, stay } = this.#options;
    while (!this.#stopped) {
      const replica = stay ?? this.#random.pick(cluster.names);
      if (this.#lost) await this.#relist(replica);
      else await this.#watch(replica);
      if (!this.#stopped) await sleep(PAUSE_MS * this.#random.next());
    }
  }

  async #relist(replica: string): Promise<void> {
    const { cluster, namespace, recorder, name } = this.#options;
    const begin = this.#now();
    const boot = cluster.boots(replica);
    try {
      const answer = await call(`${cluster.url(replica)}/api/v1/namespaces/${namespace}/configmaps`, {
        timeoutMs: CONNECT_MS,
      });
      if (answer.status !== 200) return;
      const { revision, items } = parseList(answer.body);
      recorder.listings.push({ client: name, replica, boot, begin, end: this.#now(), local: false, revision, items });
      this.#after = revision;
      this.#lost = false;
    } catch (error) {
      if (!(error instanceof Error)) throw error; // tried again elsewhere
    }
  }

  /** One stream, to its end. */
  #watch(replica: string): Promise<void> {
    const { cluster, namespace, side, initial = false, hopMs, timeoutSeconds } = this.#options;
    const query = new URLSearchParams({ watch: 'true', allowWatchBookmarks: 'true' });
    if (timeoutSeconds !== undefined) query.set('timeoutSeconds', String(timeoutSeconds));
    if (side !== undefined) query.set('labelSelector', `side=${side}`);
    if (initial) {
      query.set('sendInitialEvents', 'true');
      query.set('resourceVersionMatch', 'NotOlderThan');
    } else query.set('resourceVersion', String(this.#after));
    const asked = this.#now();
    return new Promise((resolve) => {
      let opened = false;
      let silence: NodeJS.Timeout | undefined;
      const heard = (): void => {
        clearTimeout(silence);
        silence = setTimeout(() => this.#lines?.close(), SILENCE_MS);
      };
      const hop = hopMs === 0 ? undefined : setTimeout(() => this.#lines?.close(), this.#random.exponential(hopMs));
      this.#lines = openLines(
        `${cluster.url(replica)}/api/v1/namespaces/${namespace}/configmaps?${query.toString()}`,
        CONNECT_MS,
        {
          onOpen: (status) => {
            heard();
            if (status === 410) this.#gone();
            if (status !== 200) return;
            opened = true;
            const after = initial ? 0 : this.#after;
            this.#items.push({ kind: 'open', at: this.#now(), replica, after, initial, asked });
          },
          onLine: (line) => {
            heard();
            // White space between documents is allowed; the server sends some to show that the watch stands.
            if (opened && line.trim() !== '') this.#line(line);
          },
          onClose: (why, body) => {
            clearTimeout(hop);
            clearTimeout(silence);
            this.#lines = undefined;
            if (opened) this.#items.push({ kind: 'close', at: this.#now(), reason: why });
            else if (body !== '' && ![410, 429, 503, 504].includes(parseStatus(body).code ?? 0)) {
              this.#options.recorder.odd(`the watch of ${this.name} got ${body.slice(0, 300)}`);
            }
            resolve();
          },
        },
      );
    });
  }

  #line(line: string): void {
    const at = this.#now();
    let event: WatchEvent;
    try {
      event = JSON.parse(line) as WatchEvent;
    } catch {
      this.#options.recorder.odd(`the watch of ${this.name} got a line that is no JSON: ${JSON.stringify(line)}`);
      return;
    }
    const { type, object } = event;
    if (type === 'ERROR') {
      if (object.code === 410) this.#gone();
      else this.#options.recorder.odd(`the watch of ${this.name} got ${line.slice(0, 300)}`);
      this.#lines?.close();
      return;
    }
    const revision = Number(object.metadata.resourceVersion);
    if (type === 'BOOKMARK') {
      const initialEnd = object.metadata.annotations?.[INITIAL_END] === 'true';
      this.#items.push({ kind: 'bookmark', at, revision, initialEnd });
    } else this.#items.push({ kind: 'event', at, type, seen: seenIn(object) });
    this.#moved(revision);
  }

  #moved(revision: number): void {
    this.#after = Math.max(this.#after, revision);
    const met = this.#waiting.filter((wait) => wait.revision <= this.#after);
    this.#waiting = this.#waiting.filter((wait) => wait.revision > this.#after);
    for (const { resolve } of met) resolve();
  }

  #gone(): void {
    this.#items.push({ kind: 'gone', at: this.#now(), revision: this.#after });
    this.#lost = true;
  }
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
