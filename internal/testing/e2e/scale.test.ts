import { createHash } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, type E2eCluster, startCluster, TOKEN } from './cluster.js';

const NAMESPACE = '/api/v1/namespaces/default/configmaps';
const WATCHERS = 200;
/** Names, each written four times in the fan-out: created, changed twice, deleted. */
const NAMES = 50;
/** Writers at a time. */
const LANES = 8;

const BIG_OBJECTS = 400;
const BIG_BYTES = 200_000;
const STALLED = 12;
const LIST_CLIENTS = 4;
/**
 * Anonymous memory of the replica. What is sent to those who do not read, kept for each of them, would be 960 MB; four
 * whole lists would be 320 MB on top of what the process needs by itself.
 */
const MAX_ANON_BYTES = 400 * 1024 * 1024;

interface WatchEvent {
  readonly type: string;
  readonly name: string;
  readonly revision: number;
}

/** A watch that collects what comes; `paused` never reads until `resume`. */
class Watch {
  readonly events: WatchEvent[] = [];
  ended = false;
  private rest = '';
  private waiting: { done: () => boolean; resolve: () => void; reject: (e: Error) => void } | undefined;

  private constructor(private readonly response: import('node:http').IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.take(text));
    response.on('error', () => this.end());
    response.on('close', () => this.end());
  }

  /** Resolves when the server has answered, so that the watch stands. */
  static open(url: string, paused = false): Promise<Watch> {
    return new Promise((resolve, reject) => {
      const request = https.get(
        url,
        { rejectUnauthorized: false, agent: false, headers: { authorization: `Bearer ${TOKEN}` } },
        (response) => {
          if (response.statusCode !== 200) {
            reject(new Error(`watch: ${response.statusCode}`));
            return;
          }
          const watch = new Watch(response);
          if (paused) response.pause();
          resolve(watch);
        },
      );
      request.on('error', reject);
    });
  }

  /** Resolves once `done` holds; rejects when the watch ends before. */
  until(done: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting = { done, resolve, reject };
      this.look();
    });
  }
  resume(): void {
    this.response.resume();
  }
  close(): void {
    this.response.destroy();
  }

  private take(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') continue;
      const event = JSON.parse(line) as {
        type: string;
        object: { metadata: { name: string; resourceVersion: string } };
      };
      const { name, resourceVersion } = event.object.metadata;
      this.events.push({ type: event.type, name, revision: Number(resourceVersion) });
    }
    this.look();
  }
  private end(): void {
    this.ended = true;
    this.look();
  }
  private look(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    if (waiting.done()) waiting.resolve();
    else if (this.ended) waiting.reject(new Error(`the watch ended after ${this.events.length} events`));
    else return;
    this.waiting = undefined;
  }
}

describe('scale', () => {
  let cluster: E2eCluster;
  const agent = new https.Agent({ keepAlive: true, maxSockets: LANES });
  beforeAll(async () => {
    cluster = await startCluster({ replicas: 1 });
  }, 180_000);
  afterAll(async () => {
    agent.destroy();
    await cluster?.down();
  });

  const write = async (method: string, path: string, body?: unknown): Promise<void> => {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await call(cluster.url(1) + path, { method, agent, contentType, body, timeoutMs: 30_000 });
    if (answer.status > 201) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
  };
  const revision = async (): Promise<number> => {
    const list = await call(`${cluster.url(1)}${NAMESPACE}?limit=1`, { agent });
    return Number((JSON.parse(list.body) as { metadata: { resourceVersion: string } }).metadata.resourceVersion);
  };
  const watch = (labels: string, options: { from: number; paused?: boolean }): Promise<Watch> =>
    Watch.open(
      `${cluster.url(1)}${NAMESPACE}?watch=true&labelSelector=${labels}&resourceVersion=${options.from}`,
      options.paused,
    );
  /** Runs `work` for 0 .. count-1, `LANES` at a time. */
  const inLanes = async (count: number, work: (i: number) => Promise<void>): Promise<void> => {
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < count) await work(next++);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  };
  const anonymousBytes = (): number => {
    const status = fs.readFileSync(`/proc/${cluster.pid(1)}/status`, 'utf8');
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  };

  it(`${WATCHERS} watchers see ${NAMES * 4} writes once each and in one order`, async () => {
    const watchers: Watch[] = [];
    const start = await revision();
    for (let i = 0; i < WATCHERS; i++) watchers.push(await watch('fan=out', { from: start }));
    await inLanes(NAMES, async (i) => {
      const path = `${NAMESPACE}/fan-${i}`;
      await write('POST', NAMESPACE, { metadata: { name: `fan-${i}`, labels: { fan: 'out' } } });
      for (const k of ['1', '2']) await write('PATCH', path, { data: { k } });
      await write('DELETE', path);
    });
    await Promise.all(watchers.map((w) => w.until(() => w.events.length >= NAMES * 4)));
    const [first] = watchers;
    const events = first?.events ?? [];
    for (const [i, event] of events.entries()) expect(event.revision).toBeGreaterThan(events[i - 1]?.revision ?? 0);
    for (let i = 0; i < NAMES; i++) {
      const types = events.filter((e) => e.name === `fan-${i}`).map((e) => e.type);
      expect(types).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
    }
    for (const w of watchers) expect(w.events).toEqual(events);
    for (const w of watchers) w.close();
  }, 120_000);

  it('watchers that do not read cost bounded memory and hold up nobody; what they missed waits for them', async () => {
    const start = await revision();
    const stalled: Watch[] = [];
    for (let i = 0; i < STALLED; i++) stalled.push(await watch('big=yes', { from: start, paused: true }));
    const reader = await watch('big=yes', { from: start });
    const value = 'v'.repeat(BIG_BYTES);
    await inLanes(BIG_OBJECTS, (i) =>
      write('POST', NAMESPACE, { metadata: { name: `big-${i}`, labels: { big: 'yes' } }, data: { value } }),
    );
    await reader.until(() => reader.events.length >= BIG_OBJECTS);
    expect(new Set(reader.events.map((e) => e.name)).size).toBe(BIG_OBJECTS);
    expect(anonymousBytes()).toBeLessThan(MAX_ANON_BYTES);
    // Two of them read again. A connection that took nothing for long may be gone: the next one goes on from there.
    for (const late of stalled.slice(0, 2)) {
      late.resume();
      await late.until(() => late.ended || late.events.length >= BIG_OBJECTS);
      const seen = [...late.events];
      if (late.ended) {
        const next = await watch('big=yes', { from: seen.at(-1)?.revision ?? start });
        await next.until(() => seen.length + next.events.length >= BIG_OBJECTS);
        seen.push(...next.events);
        next.close();
      }
      expect(seen).toEqual(reader.events);
    }
    for (const w of [...stalled, reader]) w.close();
  }, 120_000);

  it(`a list of ${(BIG_OBJECTS * BIG_BYTES) / 1e6} MB goes to ${LIST_CLIENTS} clients at once, beside as many that do not read, in bounded memory`, async () => {
    const list = (paused: boolean): Promise<import('node:http').IncomingMessage> =>
      new Promise((resolve, reject) => {
        https
          .get(
            `${cluster.url(1)}${NAMESPACE}?labelSelector=big=yes`,
            { rejectUnauthorized: false, agent: false, headers: { authorization: `Bearer ${TOKEN}` } },
            (response) => {
              if (paused) response.pause();
              resolve(response);
            },
          )
          .on('error', reject);
      });
    const stalled = await Promise.all(Array.from({ length: LIST_CLIENTS }, () => list(true)));
    for (const response of stalled) response.on('error', () => undefined); // it is given up at the end
    let most = 0;
    const read = async (): Promise<{ hash: string; chunks: Buffer[] }> => {
      const response = await list(false);
      const hash = createHash('sha256');
      const chunks: Buffer[] = [];
      for await (const chunk of response) {
        hash.update(chunk as Buffer);
        chunks.push(chunk as Buffer);
        most = Math.max(most, anonymousBytes());
      }
      return { hash: hash.digest('hex'), chunks };
    };
    const [one, ...others] = await Promise.all(Array.from({ length: LIST_CLIENTS }, read));
    const body = Buffer.concat(one?.chunks ?? []).toString('utf8');
    const { items } = JSON.parse(body) as { items: { metadata: { name: string }; data: { value: string } }[] };
    expect(items.length).toBe(BIG_OBJECTS);
    for (const item of items) expect(item.data.value.length).toBe(BIG_BYTES);
    for (const other of others) expect(other.hash).toBe(one?.hash);
    expect(most).toBeLessThan(MAX_ANON_BYTES);
    for (const response of stalled) response.destroy();
    console.log(`anonymous memory of the replica: ${Math.round(most / 1024 / 1024)} MiB at most`);
  }, 120_000);
});
