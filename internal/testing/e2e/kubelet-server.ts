import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAuthority, issue } from '../../pki/x509.js';
import { type ServedStream, SpdyServer } from '../../rest/connect/testing/spdy-server.js';

const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: ';

/** A kubelet that runs the commands of exec on this machine, and has a log. For tests. */
export class RunningKubelet {
  private readonly running = new Set<ChildProcess>();
  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      if (!request.url?.includes('follow=true')) return void response.end('one\ntwo\n');
      response.write('one\n');
      setTimeout(() => response.end('two\n'), 200);
    });
    server.on('upgrade', (request: { url?: string; headers: Record<string, unknown> }, socket: Duplex) => {
      socket.on('error', () => undefined);
      socket.write(`${SWITCHED}${String(request.headers['x-stream-protocol-version']).split(',')[0]}\r\n\r\n`);
      const spdy = new SpdyServer(socket);
      const { pathname, searchParams } = new URL(request.url ?? '', 'https://kubelet');
      void this.run(spdy, pathname.startsWith('/exec/') ? searchParams.getAll('command') : ['cat'], searchParams);
    });
  }

  static async start(): Promise<RunningKubelet> {
    const pair = await issue(await createAuthority('kubelets'), {
      commonName: 'node',
      usages: ['server'],
      ips: ['127.0.0.1'],
    });
    const server = createServer({ key: pair.key, cert: pair.cert }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new RunningKubelet(server);
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const child of this.running) child.kill('SIGKILL');
    this.server.closeAllConnections();
    this.server.close();
  }

  private async run(spdy: SpdyServer, [program = '', ...words]: string[], asked: URLSearchParams): Promise<void> {
    const count = 1 + ['input', 'output', 'error', 'tty'].filter((name) => asked.has(name)).length;
    await spdy.until(() => spdy.streams.length >= count - (asked.has('tty') && asked.has('error') ? 1 : 0));
    const child = spawn(program, words);
    this.running.add(child);
    spdy.socket.on('close', () => child.kill('SIGKILL'));
    const of = (type: string): ServedStream | undefined => spdy.streams.find((s) => s.type === type);
    const stdin = of('stdin');
    child.stdin.on('error', () => undefined);
    if (stdin === undefined) child.stdin.end();
    else
      stdin.pipe(
        (chunk) => void child.stdin.write(chunk),
        () => void child.stdin.end(),
      );
    child.stdout.on('data', (chunk: Buffer) => of('stdout')?.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => (of('stderr') ?? of('stdout'))?.write(chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    this.running.delete(child);
    const details = { causes: [{ reason: 'ExitCode', message: String(code) }] };
    const status = code === 0 ? { status: 'Success' } : { status: 'Failure', reason: 'NonZeroExitCode', details };
    of('error')?.write(JSON.stringify({ metadata: {}, ...status }));
    for (const type of ['error', 'stdout', 'stderr']) of(type)?.end();
  }
}
