import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAuthority, issue } from '../../pki/x509.js';
import { type ServedStream, SpdyServer } from '../../rest/connect/testing/spdy-server.js';

const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: SPDY/3.1\r\nx-stream-protocol-version: ';

/**
 * A kubelet whose only pod is this machine: exec runs commands here, attach is to a `cat`, portforward leads to ports of
 * the loopback. For tests.
 */
export class RunningKubelet {
  /** Answers whoever follows the log. */
  onFollow: (response: ServerResponse) => void = (response) => {
    response.write('one\n');
    setTimeout(() => response.end('two\n'), 200);
  };
  private readonly running = new Set<ChildProcess>();
  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      if (request.url?.includes('follow=true') === true) this.onFollow(response);
      else response.end('one\ntwo\n');
    });
    server.on('upgrade', (request: { url?: string; headers: Record<string, unknown> }, socket: Duplex) => {
      socket.on('error', () => undefined);
      socket.write(`${SWITCHED}${String(request.headers['x-stream-protocol-version']).split(',')[0]}\r\n\r\n`);
      const spdy = new SpdyServer(socket);
      const { pathname, searchParams } = new URL(request.url ?? '', 'https://kubelet');
      if (pathname.startsWith('/portForward/')) forward(spdy);
      else void this.run(spdy, pathname.startsWith('/exec/') ? searchParams.getAll('command') : ['cat'], searchParams);
    });
  }

  /** Starts one on a free port of an address of this machine. */
  static async start(address = '127.0.0.1'): Promise<RunningKubelet> {
    const pair = await issue(await createAuthority('kubelets'), {
      commonName: 'node',
      usages: ['server'],
      ips: [address],
    });
    const server = createServer({ key: pair.key, cert: pair.cert }).listen(0, address);
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
    else {
      child.stdin.on('drain', () => spdy.socket.resume());
      stdin.pipe(
        (chunk) => {
          // What the command does not read is not read of the connection either.
          if (!child.stdin.write(chunk)) spdy.socket.pause();
        },
        () => void child.stdin.end(),
      );
    }
    child.stdout.on('data', (chunk: Buffer) => of('stdout')?.write(chunk));
    child.stderr.on('data', (chunk: Buffer) => (of('stderr') ?? of('stdout'))?.write(chunk));
    child.stdin.on('close', () => spdy.socket.resume());
    const [code] = (await once(child, 'close')) as [number | null];
    this.running.delete(child);
    const details = { causes: [{ reason: 'ExitCode', message: String(code) }] };
    const status = code === 0 ? { status: 'Success' } : { status: 'Failure', reason: 'NonZeroExitCode', details };
    of('error')?.write(JSON.stringify({ metadata: {}, ...status }));
    for (const type of ['error', 'stdout', 'stderr']) of(type)?.end();
  }
}

/** Joins each stream with a connection to its port; each is held back while the other does not read. */
function forward(spdy: SpdyServer): void {
  spdy.onStream = (stream) => {
    if (stream.type !== 'data') return;
    const target = connect(Number(stream.port), '127.0.0.1');
    target.on('error', () => undefined); // `close` comes as well
    target.on('data', (chunk) => {
      if (!stream.write(chunk)) target.pause();
    });
    target.on('drain', () => spdy.socket.resume());
    spdy.socket.on('drain', () => target.resume());
    spdy.socket.on('close', () => target.destroy());
    target.on('close', () => {
      spdy.socket.resume();
      for (const s of spdy.streams) s.end();
    });
    stream.pipe(
      (chunk) => {
        if (!target.write(chunk)) spdy.socket.pause();
      },
      () => void target.end(),
    );
  };
}
