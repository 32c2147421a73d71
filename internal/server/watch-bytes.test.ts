import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonObject } from '../machinery/json.js';
import { TestStore } from '../rest/testing.js';
import { handleWatch, WatchHub } from '../rest/watch.js';
import { findResource } from '../schema/index.js';
import { ADMIN_TOKEN, startTestServer, type TestServer } from './testing.js';

// What clients that read chunk by chunk see (Python's urllib3, and with it the official Python client, Ansible, kopf):
// a chunk exists for them only when the line end behind it has arrived.

/** The body of a chunked answer as it stands on the wire. */
class RawBody {
  /** Bodies of the chunks that are complete, and what has arrived of the one that is not. */
  chunks: Buffer[] = [];
  open: Buffer = Buffer.alloc(0);
  head = '';
  ended = false;
  private bytes = Buffer.alloc(0);
  private changed: (() => void)[] = [];
  private readonly socket: tls.TLSSocket;

  constructor(port: number, path: string, accept: string) {
    this.socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      this.socket.write(
        `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nAccept: ${accept}\r\n\r\n`,
      );
    });
    this.socket.on('data', (data) => {
      this.bytes = Buffer.concat([this.bytes, data]);
      this.parse();
      for (const resolve of this.changed.splice(0)) resolve();
    });
  }
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.changed.push(resolve));
  }
  get whole(): Buffer {
    return Buffer.concat(this.chunks);
  }
  close(): void {
    this.socket.destroy();
  }
  private parse(): void {
    this.chunks = [];
    this.open = Buffer.alloc(0);
    const headEnd = this.bytes.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    this.head = this.bytes.subarray(0, headEnd).toString();
    let at = headEnd + 4;
    for (;;) {
      const lineEnd = this.bytes.indexOf('\r\n', at);
      if (lineEnd < 0) return;
      const line = this.bytes.subarray(at, lineEnd).toString();
      if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`not the length of a chunk: ${JSON.stringify(line)}`);
      const length = Number.parseInt(line, 16);
      const end = lineEnd + 2 + length;
      if (this.bytes.length < end + 2) {
        this.open = this.bytes.subarray(lineEnd + 2, end);
        return;
      }
      expect(this.bytes.subarray(end, end + 2).toString()).toBe('\r\n');
      if (length === 0) {
        expect(this.bytes.length).toBe(end + 2);
        this.ended = true;
        return;
      }
      this.chunks.push(this.bytes.subarray(lineEnd + 2, end));
      at = end + 2;
    }
  }
}

/** The events in the complete chunks. `rest` is what is left of them. */
function frames(bytes: Buffer, protobuf: boolean): { types: string[]; rest: Buffer } {
  const types: string[] = [];
  let at = 0;
  if (protobuf) {
    while (bytes.length - at >= 4 && bytes.length - at - 4 >= bytes.readUInt32BE(at)) {
      const end = at + 4 + bytes.readUInt32BE(at);
      // metav1.WatchEvent: field 1 is the type.
      const length = bytes[at + 5] ?? 0;
      types.push(bytes.subarray(at + 6, at + 6 + length).toString());
      at = end;
    }
    return { types, rest: bytes.subarray(at) };
  }
  for (let end = bytes.indexOf('\n'); end >= 0; end = bytes.indexOf('\n', at)) {
    types.push((JSON.parse(bytes.subarray(at, end).toString()) as JsonObject)['type'] as string);
    at = end + 1;
  }
  return { types, rest: bytes.subarray(at) };
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf;stream=watch';
const ENCODINGS: [name: string, accept: string][] = [
  ['JSON', 'application/json'],
  ['JSON where YAML is also taken', 'application/yaml;q=0.5, application/json'],
  ['a Table', 'application/json;as=Table;g=meta.k8s.io;v=v1'],
  ['PartialObjectMetadata', 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'],
  ['protobuf', PROTOBUF],
  [
    'PartialObjectMetadata as protobuf',
    'application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  ],
];

describe('the bytes of a watch', () => {
  let store: TestStore;
  let hub: WatchHub;
  let server: TestServer;
  const def = findResource('', 'v1', 'configmaps');
  beforeAll(async () => {
    if (def === undefined) throw new Error('no configmaps');
    store = await TestStore.open();
    hub = new WatchHub(store.deps);
    server = await startTestServer(0, (request) => handleWatch(store.deps, hub, request, def));
  });
  afterAll(async () => {
    hub.close();
    await server.close();
    await store.close();
  });
  const namespaceOf = (name: string): string => name.toLowerCase().replaceAll(' ', '-');
  const path = (namespace: string, query: string): string =>
    `/api/v1/namespaces/${namespace}/configmaps?watch=true&${query}`;

  describe.each(ENCODINGS)('%s', (name, accept) => {
    const protobuf = accept.includes('protobuf');
    const filler = protobuf ? Buffer.alloc(1) : Buffer.from(' ');

    it('shows the headers before anything happens and each event as whole chunks when it happens', async () => {
      const namespace = namespaceOf(name);
      const body = new RawBody(server.port, path(namespace, ''), accept);
      await body.until(() => body.head !== '');
      await body.until(() => body.open.length > 0);
      expect(body.chunks).toEqual([]);
      for (let i = 1; i <= 3; i++) {
        await store.put(namespace, `o${i}`, { data: { text: 'x'.repeat(20_000 * (i - 1)) } });
        await body.until(() => frames(body.whole, protobuf).types.length === i);
        // Nothing of the event is left over, and nothing of it is in the chunk that is open.
        await body.until(() => body.open.length > 0);
        expect(body.open).toEqual(filler);
        expect(frames(body.whole, protobuf).rest.length).toBe(0);
      }
      expect(frames(body.whole, protobuf).types).toEqual(['ADDED', 'ADDED', 'ADDED']);
      body.close();
    });

    it('brings the initial events and the bookmark behind them as whole chunks, and ends without an event', async () => {
      const namespace = `${namespaceOf(name)}-initial`;
      for (let i = 0; i < 3; i++) await store.put(namespace, `o${i}`);
      const query =
        'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1';
      const body = new RawBody(server.port, path(namespace, query), accept);
      const initial = ['ADDED', 'ADDED', 'ADDED', 'BOOKMARK'];
      await body.until(() => frames(body.whole, protobuf).types.length >= 4);
      expect(frames(body.whole, protobuf).types).toEqual(initial);
      await body.until(() => body.ended);
      const { types, rest } = frames(body.whole, protobuf);
      // No line and no frame remains: a blank is not a line, and a bookmark completes the frame that was begun.
      expect(types.slice(0, 4)).toEqual(initial);
      expect(types.slice(4)).toEqual(types.slice(4).fill('BOOKMARK'));
      expect(rest.toString().trim()).toBe('');
      if (protobuf) expect(rest.length).toBe(0);
      body.close();
    });

    it('ends behind an error with nothing left over', async () => {
      const namespace = `${namespaceOf(name)}-error`;
      const from = await store.put(namespace, 'o');
      await store.replica.compact(await store.put(namespace, 'o', { data: { a: '1' } }));
      const body = new RawBody(server.port, path(namespace, `resourceVersion=${from}`), accept);
      await body.until(() => body.ended);
      expect(frames(body.whole, protobuf)).toEqual({ types: ['ERROR'], rest: Buffer.alloc(0) });
      body.close();
    });
  });

  it('writes no empty line: a client that splits by line sees only events', async () => {
    const body = new RawBody(server.port, path('lines', 'timeoutSeconds=1'), 'application/json');
    await body.until(() => body.head !== '');
    await store.put('lines', 'a');
    await store.put('lines', 'b');
    await body.until(() => body.ended);
    const lines = body.whole.toString().split('\n');
    // What stands behind the last line end is no line; it holds at most a blank.
    expect(lines.pop()?.trim()).toBe('');
    expect(lines.map((l) => (JSON.parse(l) as JsonObject)['type'])).toEqual(['ADDED', 'ADDED']);
    body.close();
  });
});
