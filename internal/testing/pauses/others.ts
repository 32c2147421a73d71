import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import { startIssuer, type TestIssuer } from '../../auth/oidc/testing.js';
import { createAuthority, issue, type KeyPair } from '../../pki/x509.js';
import { startWebhookServer, type WebhookServer } from '../webhook-server.js';

/** Whom a replica asks, and who is not its friend: an OpenID issuer, webhooks, an aggregated server that is a kubelet too. */
export class Others {
  /** Answers the replica as an aggregated server or kubelet. */
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.end('{}');
  /** Has a session of the kubelet. */
  session: (socket: WebSocket) => void = (socket) => {
    socket.close();
  };

  private constructor(
    readonly issuer: TestIssuer,
    readonly webhooks: WebhookServer,
    /** Signs certificates of clients that the replica believes. */
    readonly authority: KeyPair,
    private readonly server: Server,
  ) {
    server.on('request', (request, response) => {
      this.answer(request, response);
    });
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => {
      sockets.handleUpgrade(request, socket, head, (accepted) => {
        this.session(accepted);
      });
    });
  }

  static async start(): Promise<Others> {
    const pair = await issue(await createAuthority('others'), {
      commonName: 'others',
      usages: ['server'],
      ips: ['127.0.0.1'],
    });
    const server = createServer({ key: pair.key, cert: pair.cert, maxHeaderSize: 1024 * 1024 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Others(await startIssuer('RS256'), await startWebhookServer(), await createAuthority('clients'), server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** Flags of a replica that believes the issuer and the authority, and records whole requests and answers. */
  flags(dir: string): Readonly<Record<string, string>> {
    const written = (name: string, content: string): string => {
      const file = join(dir, name);
      writeFileSync(file, content);
      return file;
    };
    return {
      'client-ca-file': written('clients.crt', this.authority.cert),
      'oidc-issuer-url': this.issuer.url,
      'oidc-client-id': 'pauses',
      'oidc-ca-file': written('issuer.crt', this.issuer.ca),
      'oidc-groups-claim': 'groups',
      'audit-log-path': join(dir, 'audit.log'),
      'audit-policy-file': written(
        'policy.yaml',
        'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: RequestResponse\n',
      ),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.issuer.close(), this.webhooks.close()]);
    this.server.closeAllConnections();
    this.server.close();
  }
}
