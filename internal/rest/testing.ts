import { requestInfo } from '../server/request-info.js';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../machinery/json.js';
import type { Strategy } from '../registry/types.js';
import { openReplica, type Replica } from '../replica/index.js';
import { encodeForStorage } from '../schema/codec/index.js';
import { objectKey } from '../store/keys.js';
import type { RestDeps } from './deps.js';
import type { ApiRequest, BytesReply, HandlerReply, Reply, Sink, StreamReply } from './types.js';

/** A replica of its own in a temporary directory, and what the verbs need of it. For tests. */
export class TestStore {
  private constructor(
    private readonly dir: string,
    readonly replica: Replica,
    readonly deps: RestDeps,
  ) {}

  static async open(strategies: Readonly<Record<string, Strategy>> = {}): Promise<TestStore> {
    const dir = mkdtempSync(join(tmpdir(), 'quorate-rest-'));
    const replica = await openReplica({ name: 'r1', dataDir: dir, compactionIntervalMs: 0 });
    await replica.ready();
    const none: Strategy = {};
    return new TestStore(dir, replica, {
      backend: replica.backend,
      strategyFor: (group, resource) => strategies[group === '' ? resource : `${resource}.${group}`] ?? none,
      now: () => Date.now(),
    });
  }
  async close(): Promise<void> {
    await this.replica.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** Stores a ConfigMap (or another namespaced core kind); answers its revision. */
  async put(namespace: string, name: string, more: JsonObject = {}, kind = 'ConfigMap'): Promise<number> {
    const { labels, ...rest } = more;
    const metadata: JsonObject = { name, namespace, ...(labels === undefined ? {} : { labels }) };
    const { value, revisionAt } = encodeForStorage({ kind, apiVersion: 'v1', metadata, ...rest });
    const key = objectKey('', `${kind.toLowerCase()}s`, namespace, name);
    const result = await this.deps.backend.txn({ compares: [], ops: [{ type: 'put', key, value, revisionAt }] });
    return result.revision;
  }
  async remove(namespace: string, name: string, kind = 'ConfigMap'): Promise<number> {
    const key = objectKey('', `${kind.toLowerCase()}s`, namespace, name);
    const result = await this.deps.backend.txn({ compares: [], ops: [{ type: 'delete', key }] });
    return result.revision;
  }
}

/** A request for `/api/v1/...` or `/apis/...` as the HTTP server hands it over. */
export function get(target: string, headers: Readonly<Record<string, string>> = {}): ApiRequest {
  const url = new URL(target, 'https://localhost');
  return {
    method: 'GET',
    path: url.pathname,
    query: url.searchParams,
    header: (h) => headers[h] ?? '',
    body: Buffer.alloc(0),
    user: { username: 'test', uid: '', groups: ['system:masters'], extra: {} },
    info: requestInfo('GET', url.pathname, url.search.slice(1)),
  };
}

/** A client's socket that a test reads from; it can be made to push back. */
export class TestSink implements Sink {
  readonly chunks: Buffer[] = [];
  closed = false;
  /** While true, every write reports backpressure. */
  full = false;
  private readonly writable: (() => void)[] = [];
  private readonly closing: (() => void)[] = [];
  private changed: (() => void)[] = [];

  write(chunk: Buffer | string): boolean {
    if (this.closed) throw new Error('written after the end');
    this.chunks.push(Buffer.from(chunk));
    this.notify();
    return !this.full;
  }
  onWritable(listener: () => void): void {
    this.writable.push(listener);
  }
  onClose(listener: () => void): void {
    this.closing.push(listener);
  }
  end(last?: Buffer | string): void {
    if (this.closed) return;
    if (last !== undefined) this.chunks.push(Buffer.from(last));
    this.closed = true;
    for (const listener of this.closing) listener();
    this.notify();
  }
  /** The client reads again. */
  drain(): void {
    this.full = false;
    for (const listener of this.writable) listener();
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
  /** The lines so far, parsed: events of a JSON watch. */
  get events(): { type: string; object: JsonObject }[] {
    return this.text
      .split('\n')
      .filter((l) => l !== '')
      .map((l) => JSON.parse(l) as { type: string; object: JsonObject });
  }
  /** Resolves when `condition` holds; it is asked after every write. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.changed.push(resolve);
      });
    }
  }
  private notify(): void {
    const waiting = this.changed;
    this.changed = [];
    for (const resolve of waiting) resolve();
  }
}

/** The whole body of an answer, streamed or not. */
export async function bodyOf(reply: Reply): Promise<Buffer> {
  if (!isStream(reply)) return Buffer.from(reply.body);
  const sink = new TestSink();
  reply.stream(sink);
  await sink.until(() => sink.closed);
  return Buffer.concat(sink.chunks);
}
export async function jsonOf(reply: HandlerReply | Promise<HandlerReply>): Promise<JsonObject> {
  const answer = await reply;
  if ('accept' in answer || 'handOver' in answer) throw new Error('the answer is a connection');
  return JSON.parse((await bodyOf(answer)).toString()) as JsonObject;
}
export function isStream(reply: Reply): reply is StreamReply {
  return 'stream' in reply;
}
/** Opens a watch and answers the client's end of it. */
export function open(reply: Reply, sink = new TestSink()): TestSink {
  if (!isStream(reply)) throw new Error('not a stream');
  reply.stream(sink);
  return sink;
}
export type { BytesReply };
