import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FatalError } from '../machinery/assert.js';
import { ensurePki } from '../pki/pki.js';
import type { HandlerReply, Sink } from '../rest/types.js';
import type { Answer, HttpListener, IncomingRequest, ListenOptions, RequestHandler } from './http-listener.js';

/** Some turns of the loop and of the network: what was under way has happened. */
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

/** What every port does, whatever listens on it. `open` opens it. */
export function describePort(
  name: string,
  open: (options: ListenOptions, handler: RequestHandler) => Promise<HttpListener>,
): void {
  describe(name, () => {
    let dir: string;
    let files: ListenOptions;
    beforeAll(async () => {
      dir = mkdtempSync(join(tmpdir(), 'quorate-listeners-'));
      await ensurePki(dir, { serviceIp: '10.96.0.1' });
      const file = (name: string): string => join(dir, name);
      const pair = { certFile: file('apiserver.crt'), keyFile: file('apiserver.key'), clientCaFile: undefined };
      files = { host: '127.0.0.1', port: 0, ...pair };
    });
    afterAll(() => rmSync(dir, { recursive: true }));

    let listener: HttpListener;
    let agent: https.Agent;
    /** Each request emits `request`; each answer that is over emits `finished`, each stream that is not wanted `abandoned`. */
    const events = new EventEmitter();
    let told: string[];
    let serve: (request: IncomingRequest) => HandlerReply | Promise<HandlerReply>;
    const answerOf = (reply: HandlerReply): Answer => ({
      reply,
      auditId: 'a',
      finished: () => {
        told.push('finished');
        events.emit('finished');
      },
    });
    beforeEach(async () => {
      told = [];
      agent = new https.Agent({ keepAlive: true });
      listener = await open(files, {
        serve: (request) => {
          const reply = serve(request);
          events.emit('request', request);
          return reply instanceof Promise ? reply.then(answerOf) : answerOf(reply);
        },
      });
    });
    afterEach(async () => {
      agent.destroy();
      await close(0);
    });
    const close = (graceMs: number): Promise<void> => listener.close(graceMs);
    const ask = (method = 'GET') =>
      https.request({ host: '127.0.0.1', port: listener.port, path: '/x', rejectUnauthorized: false, agent, method });
    const get = async (method = 'GET'): Promise<IncomingMessage & { text: string }> => {
      const request = ask(method);
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      let text = '';
      for await (const chunk of response) text += String(chunk);
      return Object.assign(response, { text });
    };
    const ok = { status: 200, contentType: 'text/plain', body: 'ok' };
    const stream = (begin: (sink: Sink) => void): HandlerReply => ({
      status: 200,
      contentType: 'text/plain',
      stream: begin,
      abandoned: () => {
        told.push('abandoned');
        events.emit('abandoned');
      },
    });

    test('tells once that an answer is over, and counts its connections', async () => {
      serve = () => ok;
      expect(listener.connections()).toBe(0);
      expect([(await get()).text, (await get()).text]).toEqual(['ok', 'ok']);
      await aWhile();
      expect([listener.connections(), told]).toEqual([1, ['finished', 'finished']]);
      agent.destroy();
      await expect.poll(() => listener.connections()).toBe(0);
      expect(told).toHaveLength(2);
    });

    test('tells where each request comes from, whoever else is connected', async () => {
      serve = (request) => ({ ...ok, body: request.remoteAddress() });
      const from = async (localAddress: string, agent: https.Agent): Promise<string> => {
        const request = https.get({
          host: '127.0.0.1',
          port: listener.port,
          rejectUnauthorized: false,
          agent,
          localAddress,
        });
        const [response] = (await once(request, 'response')) as [IncomingMessage];
        let text = '';
        for await (const chunk of response) text += String(chunk);
        return text;
      };
      const agents = [1, 2, 3].map(() => new https.Agent({ keepAlive: true })) as [
        https.Agent,
        https.Agent,
        https.Agent,
      ];
      const [one, other, third] = agents;
      expect(await from('127.0.0.1', one)).toBe('127.0.0.1');
      expect(await from('127.0.0.2', other)).toBe('127.0.0.2');
      expect(await from('127.0.0.1', one)).toBe('127.0.0.1');
      expect(listener.connections()).toBe(2);
      one.destroy();
      await expect.poll(() => listener.connections()).toBe(1);
      expect(await from('127.0.0.1', third)).toBe('127.0.0.1');
      expect(await from('127.0.0.2', other)).toBe('127.0.0.2');
      for (const agent of agents) agent.destroy();
      await expect.poll(() => listener.connections()).toBe(0);
      expect(await from('127.0.0.2', new https.Agent())).toBe('127.0.0.2');
    });

    test('ends once, however often it is closed, and whoever asks again waits for that', async () => {
      let release: (reply: HandlerReply) => void = () => undefined;
      serve = () => new Promise((resolve) => (release = resolve));
      const came = once(events, 'request');
      const answer = get();
      await came;
      const ended: number[] = [];
      const closing = [60_000, 0].map((graceMs, nth) => close(graceMs).then(() => ended.push(nth)));
      await aWhile();
      expect(ended).toEqual([]);
      release(ok);
      expect((await answer).text).toBe('ok');
      await Promise.all(closing);
      await close(0);
      expect(ended).toEqual([0, 1]);
    });

    test('ends a connection on which a request comes before the one before it is answered', async () => {
      const asked: string[] = [];
      serve = ({ rawPath }) => {
        asked.push(rawPath);
        return ok;
      };
      const socket = connect({ host: '127.0.0.1', port: listener.port, rejectUnauthorized: false });
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined); // `close` comes as well
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
      while (!text.endsWith('ok')) await once(socket, 'data');
      socket.write(Array.from({ length: 3_000 }, (_, n) => `GET /${n + 2} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
      await closed;
      expect(asked).toEqual(['/1', '/2']);
      expect((await get()).text).toBe('ok');
    });

    test('waits for what is in flight when it closes, and tells its client to go', async () => {
      let release: (reply: HandlerReply) => void = () => undefined;
      serve = () => new Promise((resolve) => (release = resolve));
      const came = once(events, 'request');
      const answer = get();
      await came;
      let isClosed = false;
      const closed = close(60_000).then(() => (isClosed = true));
      await aWhile();
      expect(isClosed).toBe(false);
      release(ok);
      const { text, headers } = await answer;
      expect([text, headers.connection]).toEqual(['ok', 'close']);
      await closed;
      expect(told).toEqual(['finished']);
    });

    test('waits for it no longer than it is told to', async () => {
      serve = () => new Promise(() => undefined);
      const came = once(events, 'request');
      const broken = get().catch(() => 'broken');
      await came;
      await close(1);
      expect(await broken).toBe('broken');
    });

    test('ends streams when it closes, and takes no new connection', async () => {
      let closed = 0;
      serve = () =>
        stream((sink) => {
          sink.onClose(() => closed++);
          sink.write('first');
        });
      const request = ask();
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      const rest = (async () => {
        let text = '';
        for await (const chunk of response) text += String(chunk);
        return text;
      })();
      await close(60_000);
      expect([await rest, closed, told]).toEqual(['first', 1, ['finished']]);
      agent.destroy();
      agent = new https.Agent();
      await expect(get()).rejects.toThrow('ECONNREFUSED');
    });

    test('lets go of a request whose client went away, and of the stream that nobody will read', async () => {
      let release: (reply: HandlerReply) => void = () => undefined;
      let aborted: Promise<unknown> | undefined;
      serve = (incoming) => {
        const gone = new EventEmitter();
        aborted = once(gone, 'gone');
        incoming.onAborted(() => gone.emit('gone'));
        return new Promise((resolve) => (release = resolve));
      };
      const came = once(events, 'request');
      const request = ask();
      request.on('error', () => undefined);
      request.end();
      await came;
      request.destroy();
      await aborted;
      const over = [once(events, 'abandoned'), once(events, 'finished')];
      release(stream(() => told.push('streamed')));
      await Promise.all(over);
      expect(told.toSorted()).toEqual(['abandoned', 'finished']);
      // Nothing of it is in flight any more.
      await close(60_000);
    });

    test('answers HEAD without a body, and begins no stream for it', async () => {
      serve = () => stream(() => told.push('streamed'));
      expect(await get('HEAD')).toMatchObject({ statusCode: 200, text: '' });
      await expect.poll(() => told.toSorted()).toEqual(['abandoned', 'finished']);
      serve = () => ok;
      expect((await get('HEAD')).headers['content-length']).toBe('2');
    });

    test('goes on after a handler that fails, whose request is answered as a failure or not at all', async () => {
      const statuses: number[] = [];
      for (const fail of [
        () => Promise.reject(new Error('a bug')),
        () => {
          throw new Error('a bug');
        },
      ]) {
        serve = fail;
        statuses.push(
          await get().then(
            ({ statusCode = 0 }) => statusCode,
            () => 500,
          ),
        );
      }
      expect(statuses).toEqual([500, 500]);
      serve = () => ok;
      expect((await get()).text).toBe('ok');
      // Nothing of them is in flight any more.
      await close(60_000);
    });

    test('closes the connection of a request whose end is in doubt, and serves neither it nor what follows', async () => {
      const socket = tls.connect({ host: '127.0.0.1', port: listener.port, rejectUnauthorized: false });
      let [served, text] = [0, ''];
      serve = () => {
        served++;
        socket.destroy();
        return ok;
      };
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => undefined); // `close` comes as well
      const closed = new Promise((resolve) => socket.once('close', resolve));
      const lengths = 'Content-Length: 1\r\nContent-Length: 2';
      socket.write(`POST /x HTTP/1.1\r\nHost: a\r\n${lengths}\r\n\r\naGET /y HTTP/1.1\r\nHost: a\r\n\r\n`);
      await closed;
      expect([served, text.slice(0, 12)]).toEqual([0, 'HTTP/1.1 400']);
    });

    test('ends a stream that breaks when it begins', async () => {
      serve = () =>
        stream(() => {
          throw new Error('a bug');
        });
      expect((await get()).text).toBe('');
      await expect.poll(() => told).toEqual(['finished']);
    });

    test('hands no connection over to who asks for no other protocol', async () => {
      serve = () => ({
        status: 101,
        contentType: '',
        rawHeaders: [],
        handOver: () => told.push('handed over'),
        abandoned: () => told.push('abandoned'),
      });
      expect((await get()).statusCode).toBeGreaterThanOrEqual(400);
      await expect.poll(() => told.toSorted()).toEqual(['abandoned', 'finished']);
    });

    test('is not opened where another program has it, which is told with what to look at', async () => {
      const again = open({ ...files, port: listener.port }, { serve: () => answerOf(ok) });
      await expect(again).rejects.toThrow(FatalError);
      await expect(again).rejects.toThrow(
        /^cannot listen on 127\.0\.0\.1:\d+.*: another program has the port, or the address is not this machine's$/,
      );
    });

    test('refuses as a plain answer what needs a WebSocket', async () => {
      serve = () => ({
        status: 101,
        contentType: '',
        protocol: '',
        accept: () => told.push('accepted'),
        abandoned: () => told.push('abandoned'),
      });
      const { statusCode, text } = await get();
      expect([statusCode, text]).toEqual([400, 'you must specify a WebSocket upgrade\n']);
      await expect.poll(() => told.toSorted()).toEqual(['abandoned', 'finished']);
    });
  });
}
