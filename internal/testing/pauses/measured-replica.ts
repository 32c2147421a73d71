import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import type { KeyPair } from '../../pki/x509.js';
import { freePorts } from '../cluster.js';
import type { Held } from './loop-watch.js';

const MAIN = resolve(import.meta.dirname, '../../../cmd/quorate/main.ts');
const WATCH = pathToFileURL(resolve(import.meta.dirname, 'loop-watch.ts')).href;
const TOKEN = 'pauses-admin-token';

export interface Sent {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface SendOptions {
  /** Text or bytes as they are; anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who asks, in place of the administrator: by certificate, on a connection of its own. */
  readonly identity?: KeyPair;
}

/** What one input did to everybody else. */
export interface Pause extends Held {
  /** The slowest GET of another connection meanwhile, in milliseconds. */
  readonly getMs: number;
}

/** A replica in a process of its own, whose pauses are measured. */
export class MeasuredReplica {
  readonly #agent = new https.Agent({ keepAlive: true, maxSockets: 8 });
  readonly #other = new https.Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(
    private readonly child: ChildProcess,
    private readonly dir: string,
    private readonly port: number,
    private readonly log: () => string,
  ) {}

  /** Whether the process runs; a replica that one input ended is an answer too. */
  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
  /** The end of what it wrote to its log. */
  get logTail(): string {
    return this.log().slice(-4000);
  }

  /** Starts one; `more` flags are made for its directory. */
  static async start(more: (dir: string) => Readonly<Record<string, string>> = () => ({})): Promise<MeasuredReplica> {
    const dir = mkdtempSync(join(tmpdir(), 'quorate-pauses-'));
    const tokens = join(dir, 'tokens.csv');
    writeFileSync(tokens, `${TOKEN},admin,admin,"system:masters"\n`);
    const [port = 0] = await freePorts(1);
    const flags = {
      name: 'a',
      'data-dir': join(dir, 'data'),
      'cert-dir': join(dir, 'pki'),
      'bind-address': '127.0.0.1',
      'secure-port': String(port),
      'token-auth-file': tokens,
      'authorization-mode': 'Node,RBAC',
      ...more(dir),
    };
    const args = ['serve', ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`)];
    const profiles = process.env['PAUSES_PROFILE'];
    const profiled = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
    const child = fork(MAIN, args, {
      execArgv: [...profiled, '--expose-gc', '--import', 'tsx', '--import', WATCH],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let log = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-20_000);
    });
    const replica = new MeasuredReplica(child, dir, port, () => log);
    for (;;) {
      if (child.exitCode !== null) throw new Error(`the replica ended:\n${log}`);
      const ready = await replica.send('GET', '/readyz').catch(() => undefined);
      if (ready?.status === 200) {
        // Without it every pod is refused before anything looks at it.
        await replica.makeServiceAccount('default');
        return replica;
      }
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** The account that pods of a namespace have; a controller that does not run here would make it. */
  async makeServiceAccount(namespace: string): Promise<void> {
    const body = { metadata: { name: 'default' } };
    await this.send('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { body });
  }

  send(method: string, path: string, options: SendOptions = {}, agent = this.#agent): Promise<Sent> {
    const { body } = options;
    const bytes = body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    return new Promise((done, fail) => {
      const request = https.request(
        {
          host: '127.0.0.1',
          port: this.port,
          path,
          method,
          ...(options.identity === undefined ? { agent } : { ...options.identity, agent: false }),
          rejectUnauthorized: false,
          headers: {
            ...(options.identity === undefined ? { authorization: `Bearer ${TOKEN}` } : {}),
            ...(bytes === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) }),
            ...options.headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', fail);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            done({ status: response.statusCode ?? 0, body: text, headers: response.headers });
          });
        },
      );
      request.on('error', fail);
      request.end(bytes);
    });
  }

  /** A WebSocket of the administrator, in the protocol for commands and logs. */
  socket(path: string): WebSocket {
    return new WebSocket(`wss://127.0.0.1:${this.port}${path}`, ['v4.channel.k8s.io'], {
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${TOKEN}` },
      maxPayload: 16 * 1024 * 1024,
    });
  }

  /** Does the work and tells the longest pause meanwhile. */
  async measure(work: () => Promise<void>): Promise<Pause> {
    await this.#ask('reset');
    let ended = false;
    let getMs = 0;
    const others = (async () => {
      while (!ended) {
        const before = performance.now();
        // A connection that was kept is closed after some seconds, perhaps just now: the next request opens another.
        await this.send('GET', '/api/v1/namespaces/default', {}, this.#other).catch(() => undefined);
        getMs = Math.max(getMs, performance.now() - before);
        await new Promise((done) => setTimeout(done, 2));
      }
    })();
    try {
      await work();
    } catch (error) {
      if (!this.isRunning) throw new Error(`the replica ended:\n${this.logTail}`, { cause: error });
      throw error;
    } finally {
      ended = true;
      await others;
    }
    return { ...(await this.#ask('report')), getMs };
  }

  async #ask(what: 'reset' | 'report'): Promise<Held> {
    const asked = new AbortController();
    const answer = once(this.child, 'message', { signal: asked.signal }) as Promise<[Held]>;
    // One that has ended meanwhile takes nothing: whoever asks hears of it, and not the whole run.
    this.child.send(what, (error) => {
      if (error !== null) asked.abort(error);
    });
    const ended = (): void => asked.abort();
    this.child.once('exit', ended);
    try {
      return (await answer)[0];
    } catch (error) {
      throw new Error(`the replica ended:\n${this.logTail}`, { cause: error });
    } finally {
      this.child.off('exit', ended);
    }
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#other.destroy();
    if (this.isRunning) {
      this.child.kill('SIGTERM');
      const end = setTimeout(() => this.child.kill('SIGKILL'), 20_000);
      await once(this.child, 'exit');
      clearTimeout(end);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
