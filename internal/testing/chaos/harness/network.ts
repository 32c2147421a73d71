import { createServer, connect, type Server, type Socket } from 'node:net';

/** Held back in one direction of one connection, at most; beyond it the sender's socket is not read. */
const HELD_BYTES_MAX = 1024 * 1024;

/** From one host to another. */
export type Direction = readonly [from: string, to: string];

export interface Host {
  readonly name: string;
  /** Where its process really listens, on the loopback. */
  readonly listenPort: number;
  /** Where the others believe that it listens: ours. */
  readonly proxyPort: number;
}

export interface NetworkOptions {
  readonly hosts: readonly Host[];
  /** Which host has a connection of this local port open; undefined when nobody has (any more). */
  readonly hostOfPort: (port: number) => string | undefined;
}

/** What is done to everything that goes from one host to another; several faults may ask for something at once. */
class Path {
  /** Faults that let nothing through. */
  readonly holds = new Set<string>();
  /** Faults that delay: milliseconds, and up to this many more at random. */
  readonly delays = new Map<string, { readonly ms: number; readonly jitterMs: number }>();
  readonly pipes = new Set<Pipe>();

  get held(): boolean {
    return this.holds.size > 0;
  }
  /** Milliseconds that something sent now takes. */
  delay(random: () => number): number {
    let most = 0;
    for (const { ms, jitterMs } of this.delays.values()) most = Math.max(most, ms + random() * jitterMs);
    return most;
  }
  kick(): void {
    for (const pipe of this.pipes) pipe.flush();
  }
}

type Parcel = { readonly due: number; readonly what: Buffer | 'end' | 'gone' };

/** One direction of one connection: passes bytes on as the path allows, in order. */
class Pipe {
  readonly #queue: Parcel[] = [];
  #queued = 0;
  #blocked = false;
  #timer: NodeJS.Timeout | undefined;
  #over = false;

  constructor(
    private readonly from: Socket,
    private readonly to: Socket,
    private readonly path: Path,
  ) {
    path.pipes.add(this);
    from.on('data', (chunk) => {
      this.#put(chunk);
      this.#queued += chunk.length;
      if (this.#queued > HELD_BYTES_MAX) from.pause();
    });
    from.on('end', () => this.#put('end'));
    from.on('close', () => this.#put('gone'));
    to.on('drain', () => {
      this.#blocked = false;
      this.flush();
    });
    to.on('close', () => this.#stop());
  }

  #put(what: Parcel['what']): void {
    if (this.#over) return;
    const before = this.#queue.at(-1)?.due ?? 0;
    this.#queue.push({ due: Math.max(before, performance.now() + this.path.delay(Math.random)), what });
    this.flush();
  }

  /** Sends on what is due, unless the path is held or the receiver does not keep up. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#over && !this.path.held && !this.#blocked) {
      const parcel = this.#queue[0];
      if (parcel === undefined) return;
      const wait = parcel.due - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.flush(), wait);
        return;
      }
      this.#queue.shift();
      this.#deliver(parcel.what);
    }
  }

  #deliver(what: Parcel['what']): void {
    if (what === 'gone') {
      this.to.destroy();
      this.#stop();
    } else if (what === 'end') this.to.end();
    else {
      this.#queued -= what.length;
      this.#blocked = !this.to.write(what);
      if (this.#queued <= HELD_BYTES_MAX && this.from.isPaused()) this.from.resume();
    }
  }

  #stop(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.path.pipes.delete(this);
  }
}

interface Connection {
  readonly from: string;
  readonly to: string;
  readonly near: Socket;
  /** Undefined until the connection was let through to the target. */
  far: Socket | undefined;
}

/** The network between the replicas: every connection between two of them goes through here. */
export class Network {
  readonly #options: NetworkOptions;
  readonly #servers = new Map<string, Server>();
  readonly #paths = new Map<string, Path>();
  readonly #connections = new Set<Connection>();
  /** Hosts whose process does not listen. */
  readonly #down = new Set<string>();
  /** Hosts that refuse connections although their process listens, by fault. */
  readonly #refusing = new Map<string, Set<string>>();
  #closed = false;

  constructor(options: NetworkOptions) {
    this.#options = options;
    for (const { name } of options.hosts) this.#down.add(name);
  }

  #path(from: string, to: string): Path {
    const key = `${from} ${to}`;
    const path = this.#paths.get(key) ?? new Path();
    this.#paths.set(key, path);
    return path;
  }

  #host(name: string): Host {
    const host = this.#options.hosts.find((h) => h.name === name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }

  /** The process of a host runs: connections to it are taken. */
  async up(name: string): Promise<void> {
    this.#down.delete(name);
    await this.#settle(name);
  }

  /** The process of a host is gone: as a kernel does without one, connections to it are refused. */
  async down(name: string): Promise<void> {
    this.#down.add(name);
    await this.#settle(name);
  }

  /** Refuses new connections to a host as if its process were gone, and breaks those that are. */
  async refuse(fault: string, name: string): Promise<void> {
    const faults = this.#refusing.get(name) ?? new Set();
    this.#refusing.set(name, faults.add(fault));
    await this.#settle(name);
    this.reset(this.#options.hosts.map((host) => [host.name, name]));
  }

  /** Nothing gets through, as if packets were lost: nobody is told. */
  hold(fault: string, directions: readonly Direction[]): void {
    for (const [from, to] of directions) this.#path(from, to).holds.add(fault);
  }

  delay(fault: string, directions: readonly Direction[], ms: number, jitterMs: number): void {
    for (const [from, to] of directions) this.#path(from, to).delays.set(fault, { ms, jitterMs });
  }

  /** Breaks the connections of these pairs of hosts; they may be opened again. */
  reset(directions: readonly Direction[]): void {
    const pairs = new Set(directions.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
    for (const connection of this.#connections) {
      if (!pairs.has(`${connection.from} ${connection.to}`)) continue;
      connection.near.resetAndDestroy();
      connection.far?.resetAndDestroy();
    }
  }

  /** Ends what a fault asked for; what was held arrives now, or with `reset` its connections are broken. */
  async heal(fault: string, how: 'resume' | 'reset'): Promise<void> {
    const freed: Direction[] = [];
    for (const [key, path] of this.#paths) {
      path.delays.delete(fault);
      if (!path.holds.delete(fault) || path.held) continue;
      const [from = '', to = ''] = key.split(' ');
      freed.push([from, to]);
    }
    if (how === 'reset') this.reset(freed);
    for (const path of this.#paths.values()) path.kick();
    for (const connection of this.#connections) this.#letThrough(connection);
    for (const [name, faults] of this.#refusing) {
      if (faults.delete(fault)) await this.#settle(name);
    }
  }

  /** Listens for a host or stops to, as things are. */
  async #settle(name: string): Promise<void> {
    const wanted = !this.#closed && !this.#down.has(name) && (this.#refusing.get(name)?.size ?? 0) === 0;
    const server = this.#servers.get(name);
    if (wanted && server === undefined) {
      const fresh = createServer({ allowHalfOpen: true }, (socket) => this.#accept(name, socket));
      this.#servers.set(name, fresh);
      await new Promise<void>((resolve, reject) => {
        fresh.once('error', reject);
        fresh.listen(this.#host(name).proxyPort, '127.0.0.1', resolve);
      });
    } else if (!wanted && server !== undefined) {
      this.#servers.delete(name);
      // It listens no more at once; that its connections end is not waited for.
      server.close();
    }
  }

  #accept(to: string, near: Socket): void {
    near.on('error', () => undefined); // 'close' follows and says all
    near.setNoDelay(true);
    near.pause();
    const from = this.#options.hostOfPort(near.remotePort ?? 0);
    if (from === undefined) {
      near.resetAndDestroy();
      return;
    }
    const connection: Connection = { from, to, near, far: undefined };
    this.#connections.add(connection);
    near.on('close', () => {
      if (connection.far === undefined) this.#connections.delete(connection);
    });
    this.#letThrough(connection);
  }

  /** Opens the other half of a connection once packets get through both ways. */
  #letThrough(connection: Connection): void {
    const { from, to, near } = connection;
    const [there, back] = [this.#path(from, to), this.#path(to, from)];
    if (connection.far !== undefined || near.destroyed || there.held || back.held) return;
    const far = connect({ host: '127.0.0.1', port: this.#host(to).listenPort, allowHalfOpen: true });
    connection.far = far;
    far.on('error', () => undefined);
    far.setNoDelay(true);
    far.on('close', () => this.#connections.delete(connection));
    new Pipe(near, far, there);
    new Pipe(far, near, back);
    near.resume();
  }

  close(): void {
    this.#closed = true;
    for (const { name } of this.#options.hosts) void this.#settle(name);
    for (const { near, far } of this.#connections) {
      near.destroy();
      far?.destroy();
    }
  }
}
