import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Callout } from '../../callout/index.js';
import { event, metrics as ownMetrics } from '../testing/events.js';
import { webhookBackend } from './webhook.js';

describe('the webhook', () => {
  interface Received {
    readonly authorization: string | undefined;
    readonly body: { kind: string; items: { auditID: string }[] };
  }
  async function receiver(
    answer: (n: number) => number,
  ): Promise<{ url: string; got: Received[]; readonly close: () => void }> {
    const got: Received[] = [];
    const server = createServer((req: IncomingMessage, res: ServerResponse) => {
      const chunks: Buffer[] = [];
      req.on('data', (chunk: Buffer) => chunks.push(chunk));
      req.on('end', () => {
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Received['body'];
        got.push({ authorization: req.headers.authorization, body });
        res.writeHead(answer(got.length)).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const close = (): void => {
      server.closeAllConnections();
      server.close();
    };
    return { url: `http://127.0.0.1:${port}/events`, got, close };
  }
  const backendFor = (url: string, metrics = ownMetrics().metrics) =>
    webhookBackend(new Callout(), { target: { url }, token: 'secret', initialBackoffMs: 1 }, metrics);

  test('gets an EventList, and again what it did not take', async () => {
    const { url, got, close } = await receiver((n) => (n === 1 ? 500 : 200));
    expect(await backendFor(url).processEvents([event('a'), event('b')])).toBe(true);
    expect(got).toHaveLength(2);
    expect(got[1]?.body.kind).toBe('EventList');
    expect(got[1]?.body.items.map((e) => e.auditID)).toEqual(['a', 'b']);
    expect(got[1]?.authorization).toBe('Bearer secret');
    close();
  });

  test('that takes nothing loses the batch after five attempts, and it is counted', async () => {
    const { metrics, lost } = ownMetrics();
    const { url, got, close } = await receiver(() => 403);
    expect(await backendFor(url, metrics).processEvents([event('a'), event('b')])).toBe(false);
    expect(got).toHaveLength(5);
    expect(await lost('webhook')).toBe(2);
    close();
  });
});
