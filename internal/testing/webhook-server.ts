import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { JsonObject } from '../machinery/json.js';
import { createAuthority, issue } from '../pki/x509.js';

/** What a webhook answers: a review's response, or another answer altogether. */
export type WebhookAnswer = JsonObject | { readonly raw: string; readonly status?: number } | 'hang' | 'drop';

/** A real HTTPS server that plays webhooks: one for each path. */
export interface WebhookServer {
  readonly url: string;
  /** base64, for a configuration. */
  readonly caBundle: string;
  /** Requests that came, by path: the parsed reviews. */
  readonly reviews: Map<string, JsonObject[]>;
  /** Sets what a path answers; `response` gets the `request` of the review. */
  on(path: string, response: (request: JsonObject) => WebhookAnswer | Promise<WebhookAnswer>): void;
  close(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const ca = await createAuthority('webhooks');
  const pair = await issue(ca, {
    commonName: 'localhost',
    usages: ['server'],
    ips: ['127.0.0.1'],
    dnsNames: ['localhost'],
  });
  const answers = new Map<string, (request: JsonObject) => WebhookAnswer | Promise<WebhookAnswer>>();
  const reviews = new Map<string, JsonObject[]>();
  const server: Server = createServer({ key: pair.key, cert: pair.cert }, (req, res) => {
    const path = (req.url ?? '').split('?')[0] ?? '';
    const handle = async (): Promise<void> => {
      const review = JSON.parse(await text(req)) as JsonObject;
      const request = review['request'] as JsonObject;
      const seen = reviews.get(path) ?? [];
      reviews.set(path, [...seen, review]);
      const answer = (await answers.get(path)?.(request)) ?? { raw: 'no such webhook', status: 404 };
      if (answer === 'hang') return;
      if (answer === 'drop') res.destroy();
      else if ('raw' in answer && typeof answer['raw'] === 'string') {
        res.writeHead(typeof answer['status'] === 'number' ? answer['status'] : 200).end(answer['raw']);
      } else {
        const { apiVersion, kind } = review;
        res.setHeader('content-type', 'application/json');
        res.end(JSON.stringify({ apiVersion, kind, response: { uid: request['uid'], ...(answer as JsonObject) } }));
      }
    };
    handle().catch((error: unknown) => res.writeHead(500).end(String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(ca.cert).toString('base64'),
    reviews,
    on: (path, response) => void answers.set(path, response),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
