import type https from 'node:https';
import { Random } from '../../sim/random.js';
import type { Content, Outcome, Request, Seen } from '../checks/history.js';
import { type Answer, call, NotSentError, newAgent } from './api.js';
import type { ChaosCluster } from './cluster.js';
import { configMap, type ListPage, mergePatch, parseList, parseObject, parseStatus } from './objects.js';
import type { Recorder } from './recorder.js';

/** After which a client gives up on a read: that it has no answer costs nothing. */
const READ_TIMEOUT_MS = [500, 4_000] as const;
/** After which it gives up on a write, and does not know the outcome: before the server does (10 s), or after. */
const WRITE_TIMEOUT_MS = [1_500, 12_000] as const;
/** For how long one that is free to choose does not go where it got no answer, as behind a load balancer. */
const AVOID_MS = 3_000;
/** Pause of a client after an error. */
const PAUSE_MS = 100;

export interface ClientOptions {
  readonly name: string;
  readonly seed: number;
  readonly cluster: ChaosCluster;
  readonly recorder: Recorder;
  readonly namespace: string;
  readonly keys: readonly string[];
  /** The replica that it asks always; any when absent. */
  readonly stay?: string;
  /** Mean time between two calls. */
  readonly thinkMs: number;
}

const WEIGHTS = {
  create: 14,
  update: 8,
  compareAndUpdate: 18,
  patch: 14,
  compareAndPatch: 6,
  delete: 6,
  compareAndDelete: 4,
  get: 18,
  localGet: 4,
  list: 4,
  pagedList: 2,
  exactList: 2,
  localList: 2,
} as const;
type Kind = keyof typeof WEIGHTS;
type ListKind = Extract<Kind, 'list' | 'pagedList' | 'exactList' | 'localList'>;
/** Objects on one page: several pages for the keys of a run, each asked of another replica. */
const PAGE_OBJECTS = 2;
const KINDS = Object.entries(WEIGHTS).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind as Kind));

/** One user of the API: one call at a time, at a replica of its choice, each with its answer recorded. */
export class ChaosClient {
  readonly #options: ClientOptions;
  readonly #random: Random;
  readonly #agents = new Map<string, https.Agent>();
  /** What it last saw of each key; 0: not there. */
  readonly #revisions = new Map<string, number>();
  /** Of the last list that it got. */
  #listed = 0;
  /** When each replica last gave no answer. */
  readonly #silent = new Map<string, number>();
  #writes = 0;
  #stopped = false;
  readonly #done: Promise<void>;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#done = this.#run();
  }

  /** Resolves when its last call is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#done;
    for (const agent of this.#agents.values()) agent.destroy();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      await sleep(this.#random.exponential(this.#options.thinkMs));
      if (!this.#stopped) await this.#act();
    }
  }

  async #act(): Promise<void> {
    const { keys } = this.#options;
    const random = this.#random;
    const replica = this.#replica();
    const key = random.pick(keys);
    const kind = random.pick(KINDS);
    if (kind === 'list' || kind === 'localList' || kind === 'pagedList' || kind === 'exactList') {
      return this.#list(replica, kind);
    }
    if (kind === 'localGet') return this.#localGet(replica, key);
    await this.#object(replica, key, this.#request(kind, key));
  }

  #replica(): string {
    const { cluster, stay, recorder } = this.#options;
    if (stay !== undefined) return stay;
    const since = recorder.now() - AVOID_MS;
    const answering = cluster.names.filter((name) => (this.#silent.get(name) ?? since) <= since);
    return this.#random.pick(answering.length === 0 ? cluster.names : answering);
  }

  #request(kind: Exclude<Kind, ListKind | 'localGet'>, key: string): Request {
    const { name } = this.#options;
    const random = this.#random;
    if (kind === 'get') return { kind: 'get' };
    this.#writes += 1;
    const id = `${name}-${this.#writes}`;
    const seen = this.#revisions.get(key) ?? 0;
    // Most often the revision it knows, which may be old.
    const revision = seen === 0 ? 1 : seen;
    const data: Content = { id, [name]: String(this.#writes) };
    const content: Content = { ...data, side: random.pick(['a', 'b'] as const) };
    switch (kind) {
      case 'create':
        return { kind, id, content };
      case 'update':
        return { kind: 'update', id, content };
      case 'compareAndUpdate':
        return { kind: 'update', id, content, revision };
      case 'patch':
      case 'compareAndPatch': {
        const merged = random.chance(0.3) ? content : data;
        return { kind: 'patch', id, content: merged, ...(kind === 'patch' ? {} : { revision }) };
      }
      case 'delete':
        return { kind: 'delete', id };
      case 'compareAndDelete':
        return { kind: 'delete', id, revision };
    }
  }

  #path(key?: string): string {
    const { namespace } = this.#options;
    return `/api/v1/namespaces/${namespace}/configmaps${key === undefined ? '' : `/${key}`}`;
  }

  /** Undefined: never sent. Rejects when the outcome is open. */
  async #send(replica: string, path: string, method = 'GET', body?: unknown, contentType?: string): Promise<Answer> {
    const agent = this.#agents.get(replica) ?? newAgent();
    this.#agents.set(replica, agent);
    const [least, most] = method === 'GET' ? READ_TIMEOUT_MS : WRITE_TIMEOUT_MS;
    try {
      return await call(`${this.#options.cluster.url(replica)}${path}`, {
        method,
        body,
        timeoutMs: this.#random.between(least, most),
        agent,
        ...(contentType === undefined ? {} : { contentType }),
      });
    } catch (error) {
      agent.destroy();
      this.#agents.delete(replica);
      this.#silent.set(replica, this.#options.recorder.now());
      await sleep(PAUSE_MS);
      throw error;
    }
  }

  async #object(replica: string, key: string, request: Request): Promise<void> {
    const { recorder, name } = this.#options;
    const begin = recorder.now();
    let outcome: Outcome;
    let note = '';
    try {
      const answer = await this.#sendRequest(replica, key, request);
      outcome = this.#outcome(request, answer);
      if (outcome.kind === 'unknown' || outcome.kind === 'refused') note = `${answer.status} ${reason(answer)}`;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      outcome = { kind: error instanceof NotSentError ? 'refused' : 'unknown' };
      note = error.message;
    }
    const end = outcome.kind === 'unknown' ? Infinity : recorder.now();
    if (outcome.kind === 'ok') this.#revisions.set(key, request.kind === 'delete' ? 0 : (outcome.revision ?? 0));
    else if (outcome.kind === 'notFound') this.#revisions.set(key, 0);
    const told = note === '' ? {} : { note };
    recorder.operations.push({ key, client: name, begin, end, request, outcome, replica, ...told });
    if (outcome.kind === 'refused') await sleep(PAUSE_MS);
  }

  #sendRequest(replica: string, key: string, request: Request): Promise<Answer> {
    switch (request.kind) {
      case 'create':
        return this.#send(replica, this.#path(), 'POST', configMap(key, request.content));
      case 'update':
        return this.#send(replica, this.#path(key), 'PUT', configMap(key, request.content, request.revision));
      case 'patch': {
        const body = mergePatch(request.content, request.revision);
        return this.#send(replica, this.#path(key), 'PATCH', body, 'application/merge-patch+json');
      }
      case 'delete': {
        const preconditions = { resourceVersion: String(request.revision) };
        const body = {
          apiVersion: 'v1',
          kind: 'DeleteOptions',
          ...(request.revision === undefined ? {} : { preconditions }),
        };
        return this.#send(replica, this.#path(key), 'DELETE', body);
      }
      case 'get':
        return this.#send(replica, this.#path(key));
    }
  }

  #outcome(request: Request, answer: Answer): Outcome {
    const { status, body } = answer;
    if (status === 200 || status === 201) {
      if (request.kind === 'delete') {
        const uid = parseStatus(body).details?.uid;
        return { kind: 'ok', ...(uid === undefined ? {} : { uid }) };
      }
      return { kind: 'ok', ...parseObject(body) };
    }
    if (status === 404) return { kind: 'notFound' };
    if (status === 409) return { kind: parseStatus(body).reason === 'AlreadyExists' ? 'alreadyExists' : 'conflict' };
    if (status === 429 || status === 503) return { kind: 'refused' };
    if (status !== 504) this.#options.recorder.odd(`${request.kind} got ${status}: ${body.slice(0, 300)}`);
    return { kind: 'unknown' };
  }

  async #list(replica: string, kind: ListKind): Promise<void> {
    const { recorder, name, cluster } = this.#options;
    const begin = recorder.now();
    const boot = cluster.boots(replica);
    const exact = kind === 'exactList' && this.#listed > 0 ? this.#listed : undefined;
    const local = kind === 'localList';
    const pages = await this.#pages(replica, {
      ...(local ? { resourceVersion: '0' } : {}),
      ...(exact === undefined ? {} : { resourceVersion: String(exact), resourceVersionMatch: 'Exact' }),
      ...(kind === 'pagedList' ? { limit: String(PAGE_OBJECTS) } : {}),
    });
    const revision = pages?.[0]?.revision;
    if (pages === undefined || revision === undefined) return;
    for (const page of pages) {
      if (page.revision !== revision) recorder.odd(`pages of one list are of ${revision} and ${page.revision}`);
    }
    const items = pages.flatMap((page) => page.items);
    const asked = exact === undefined ? {} : { exact };
    recorder.listings.push({
      client: name,
      replica,
      boot,
      begin,
      end: recorder.now(),
      local,
      revision,
      items,
      ...asked,
    });
    if (exact !== undefined) return;
    this.#listed = revision;
    for (const { key, revision: at } of items) this.#revisions.set(key, at);
  }

  /** Undefined when a page could not be had, be it that its revision is compacted meanwhile. */
  async #pages(first: string, query: Readonly<Record<string, string>>): Promise<ListPage[] | undefined> {
    const pages: ListPage[] = [];
    for (let replica = first, next = ''; ; replica = this.#replica()) {
      const page: Record<string, string> = next === '' ? query : { ...query, continue: next };
      const text = new URLSearchParams(page).toString();
      const answer = await this.#read(replica, `${this.#path()}${text === '' ? '' : `?${text}`}`, [410]);
      if (answer?.status !== 200) return undefined;
      const got = parseList(answer.body);
      pages.push(got);
      next = got.next;
      if (next === '') return pages;
    }
  }

  async #localGet(replica: string, key: string): Promise<void> {
    const { recorder, name } = this.#options;
    const begin = recorder.now();
    const answer = await this.#read(replica, `${this.#path(key)}?resourceVersion=0`);
    if (answer?.status !== 200 && answer?.status !== 404) return;
    const seen: Seen | undefined = answer.status === 200 ? parseObject(answer.body) : undefined;
    recorder.localGets.push({ key, client: name, replica, begin, end: recorder.now(), seen });
  }

  /** A read whose failure means nothing. */
  async #read(replica: string, path: string, alsoFine: readonly number[] = []): Promise<Answer | undefined> {
    try {
      const answer = await this.#send(replica, path);
      if (![200, 404, 429, 503, 504, ...alsoFine].includes(answer.status)) {
        this.#options.recorder.odd(`GET ${path} got ${answer.status}: ${answer.body.slice(0, 300)}`);
      }
      return answer;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return undefined;
    }
  }
}

const reason = (answer: Answer): string => parseStatus(answer.body).message ?? '';

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
