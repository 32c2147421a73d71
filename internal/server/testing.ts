import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authenticatorUnion } from '../auth/authenticator.js';
import { authorizerUnion, mastersAuthorizer, publicInfoAuthorizer } from '../auth/authorizers.js';
import { clientCertAuthenticator } from '../auth/client-cert.js';
import { tokenFileAuthenticator } from '../auth/token-file.js';
import { ensurePki, issueAdmin, PKI_FILES, readPair } from '../pki/pki.js';
import { issue, type KeyPair } from '../pki/x509.js';
import type { Handler } from '../rest/types.js';
import { type ChainParts, createChain } from './chain.js';
import type { HttpListener, RequestHandler } from './http-listener.js';
import { inFlightLimit } from './in-flight.js';
import { RequestMetrics } from './metrics.js';
import { createPaths } from './paths.js';
import { listen } from './uws/listener.js';

export const ADMIN_TOKEN = 'admin-token';
export const JANE_TOKEN = 'jane-token';

/** The HTTP server and the request chain with certificates of their own, in front of any resource handler. */
export interface TestServer {
  readonly dir: string;
  readonly port: number;
  readonly listener: HttpListener;
  readonly chain: RequestHandler;
  readonly metrics: RequestMetrics;
  readonly admin: KeyPair;
  issueClient(commonName: string, organizations: readonly string[]): Promise<KeyPair>;
  call(path: string, options?: CallOptions): Promise<CallAnswer>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** A bearer token; the administrator's when nothing is said, none when ''. */
  readonly token?: string;
  readonly client?: KeyPair;
  /** Breaks the call off. */
  readonly signal?: AbortSignal;
}
export interface CallAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Starts a server on `port` (0 takes a free one) whose resources are answered by `resources`. */
export async function startTestServer(
  port: number,
  resources: Handler,
  ready = () => true,
  more: Partial<ChainParts> = {},
): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-server-'));
  await ensurePki(dir, { serviceIp: '10.96.0.1' });
  const admin = await issueAdmin(dir);
  const tokens = `${ADMIN_TOKEN},admin,admin,"system:masters"\n${JANE_TOKEN},jane,jane,"developers,testers"\n`;
  writeFileSync(join(dir, 'tokens.csv'), tokens);
  const metrics = new RequestMetrics(() => undefined);
  const notServed = (): undefined => undefined;
  const refuse = (): Promise<void> => Promise.reject(new Error('there is only one member here'));
  const chain = createChain({
    authenticator: authenticatorUnion(
      [clientCertAuthenticator(() => true), tokenFileAuthenticator(tokens, 'tokens.csv')],
      () => true,
    ),
    authorizer: authorizerUnion([mastersAuthorizer, publicInfoAuthorizer]),
    requestTimeoutMs: 60_000,
    inFlight: inFlightLimit(400, 200),
    metrics,
    resources,
    paths: createPaths({
      health: {
        ready,
        started: { checks: [], failure: () => undefined },
        storeFailure: () => undefined,
        shuttingDown: () => false,
      },
      metrics,
      openId: {
        issuer: 'https://kubernetes.default.svc',
        jwksUri: `https://127.0.0.1:${port}/openid/v1/jwks`,
        keys: [],
      },
      raft: {
        status: () => ({ id: 1, term: 1, role: 'leader', leader: 1, commit: 1, applied: 1, members: [] }),
        addMember: refuse,
        promoteMember: refuse,
        removeMember: refuse,
        transferLeader: () => undefined,
        backup: () => Promise.reject(new Error('there is no state to save')),
      },
      discovery: notServed,
      openApi: notServed,
      profiling: true,
      flags: new Map(),
      groupPaths: () => [],
    }),
    ...more,
  });
  const files = { certFile: join(dir, 'apiserver.crt'), keyFile: join(dir, 'apiserver.key') };
  const listener = await listen({ host: '127.0.0.1', port, ...files, clientCaFile: join(dir, 'ca.crt') }, chain);
  const ca = readPair(dir, PKI_FILES.ca);
  const agent = new https.Agent({ keepAlive: true, ca: ca.cert });
  return {
    dir,
    port: listener.port,
    listener,
    chain,
    metrics,
    admin,
    issueClient: (commonName, organizations) => issue(ca, { commonName, organizations, usages: ['client'] }),
    call: (path, options = {}) => send({ port: listener.port, path, agent, ca: ca.cert }, options),
    async close() {
      agent.destroy();
      await listener.close(1000);
      rmSync(dir, { recursive: true });
    },
  };
}

function send(
  to: { port: number; path: string; agent: https.Agent; ca: string },
  options: CallOptions,
): Promise<CallAnswer> {
  const token = options.token ?? (options.client === undefined ? ADMIN_TOKEN : '');
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        host: '127.0.0.1',
        port: to.port,
        path: to.path,
        method: options.method ?? 'GET',
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        ca: to.ca,
        // A client certificate belongs to its connection: no pooling then.
        agent: options.client === undefined ? to.agent : false,
        ...(options.client === undefined ? {} : { cert: options.client.cert, key: options.client.key }),
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...(options.body === undefined || options.headers?.['transfer-encoding'] !== undefined
            ? {}
            : { 'content-length': Buffer.byteLength(options.body) }),
          ...options.headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    request.on('error', reject);
    request.end(options.body);
  });
}
