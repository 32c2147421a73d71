import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAuthority, issue, type KeyPair } from '../../../pki/x509.js';

type Upgraded = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** A server with a certificate, which plays a kubelet or what runs in a pod. For tests. */
export class TestKubelet {
  /** What was asked: method and URL. */
  readonly asked: string[] = [];
  request: RequestListener = (_request, response) => void response.end();
  upgrade: Upgraded = (_request, socket) => void socket.destroy();

  private constructor(
    readonly ca: KeyPair,
    readonly client: KeyPair,
    private readonly server: Server,
  ) {
    server.on('request', (request, response) => {
      this.asked.push(`${request.method} ${request.url}`);
      this.request(request, response);
    });
    server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
      this.asked.push(`${request.method} ${request.url}`);
      socket.on('error', () => undefined);
      this.upgrade(request, socket, head);
    });
  }

  static async start(): Promise<TestKubelet> {
    const ca = await createAuthority('kubelets');
    const pair = await issue(ca, { commonName: 'node', usages: ['server'], ips: ['127.0.0.1'] });
    const client = await issue(ca, { commonName: 'kube-apiserver', usages: ['client'] });
    const server = createServer({
      key: pair.key,
      cert: pair.cert,
      ca: ca.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TestKubelet(ca, client, server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}
