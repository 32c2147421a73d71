import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { connect, createServer, type Server as TcpServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { Metadata, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { freePorts } from '../testing/cluster.js';
import { until } from '../testing/until.js';
import type { Envelope } from './envelope.js';
import { PeerLink } from './link.js';
import { TestMembers } from './members.testkit.js';
import { identityMetadata } from './metadata.js';
import { MESSAGE_BYTES_MAX, PEER_SERVICE } from './service.js';
import type { PeerHandlers } from './types.js';

/** How long an attempt may take once the machine has answered, in ms. */
const HANDSHAKES: ReadonlySet<number> = new Set([7_500, 15_000, 30_000]);
const MIB = 1024 * 1024;
const members = new TestMembers();
type Call = ServerDuplexStream<Envelope, Envelope>;

const made: { close(): void }[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const one of made.splice(0)) one.close();
});

/** Somebody at an address without TLS, who does with the nth stream what the nth of these says; with later ones, the last. */
async function somebody(...answers: readonly ((call: Call) => void)[]): Promise<{ address: string; opened: number }> {
  const state = { address: '', opened: 0 };
  const server = new Server({ 'grpc.max_receive_message_length': MESSAGE_BYTES_MAX });
  server.addService(PEER_SERVICE, {
    messages: (call: Call) => answers[Math.min(state.opened++, answers.length - 1)]?.(call),
    snapshot: () => undefined,
    fetch: () => undefined,
    call: () => undefined,
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  made.push({ close: () => server.forceShutdown() });
  state.address = `127.0.0.1:${port}`;
  return state;
}

const refuses =
  (code: status, details: string) =>
  (call: Call): void =>
    void call.emit('error', { code, details });
const isMember =
  (id: number, then: (call: Call) => void = () => undefined) =>
  (call: Call): void => {
    call.sendMetadata(identityMetadata({ cluster: 1, id, nonce: 'n' }));
    then(call);
  };
const hears =
  (messages: Buffer[]) =>
  (call: Call): void =>
    void call.on('data', ({ payload }: Envelope) => messages.push(payload));

/** A link to member 2 at this address, and what it tells. */
function linkTo(
  address: string,
  handlers: Partial<PeerHandlers> = {},
): { link: PeerLink; events: string[]; logged: string[] } {
  const events: string[] = [];
  const logged: string[] = [];
  const link = new PeerLink({
    self: { cluster: 1, id: 1, nonce: 'n1' },
    id: 2,
    address,
    tls: () => undefined,
    handlers: {
      admit: () => Promise.resolve(undefined),
      onMessages: () => undefined,
      onSnapshot: () => Promise.resolve(),
      onFetch: () => {
        throw new Error('nothing to fetch');
      },
      onCall: (payload) => Promise.resolve(payload),
      onUp: (id) => void events.push(`up ${id}`),
      onUnreachable: (id) => void events.push(`unreachable ${id}`),
      onDead: (id) => void events.push(`dead ${id}`),
      onRefused: (id, reason, forGood) => void events.push(`refused ${id} ${forGood} ${reason}`),
      ...handlers,
    },
    log: (level, text) => void logged.push(`${level} ${text}`),
  });
  made.push(link);
  return { link, events, logged };
}

/**
 * What links (or what else stands in `file`) wait for from now on, in milliseconds; they wait a hundredth of it, if it is
 * `mostMs` at most, else for long: on a busy machine nothing is given up because it took a second.
 */
function hurry(mostMs: number, file = '/transport/link.ts'): { readonly waits: number[]; fired: number } {
  const state = { waits: new Array<number>(), fired: 0 };
  const real = globalThis.setTimeout;
  const hurried = (run: (...all: unknown[]) => void, ms = 0, ...all: unknown[]): NodeJS.Timeout => {
    const caller = new Error().stack?.split('\n').find((line, nth) => nth > 0 && !/link\.test\.ts|@vitest/.test(line));
    if (caller?.includes(file) !== true) return real(run, ms, ...all);
    state.waits.push(ms);
    return real(
      () => {
        state.fired++;
        run();
      },
      ms <= mostMs ? ms / 100 : ms,
    );
  };
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(hurried as typeof setTimeout);
  return state;
}

/** The address of a machine whose kernel answers no more connections: those that nobody takes have filled its queue. */
async function deafMachine(): Promise<string> {
  const program = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const worker = new Worker(program, { eval: true });
  made.push({ close: () => void worker.terminate() });
  const [port] = (await once(worker, 'message')) as [number];
  const waiting = Array.from({ length: 3 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  for (const socket of waiting) made.push({ close: () => void socket.destroy() });
  await until(() => waiting.filter((socket) => !socket.connecting).length >= 2);
  return `127.0.0.1:${port}`;
}

async function listening(server: TcpServer): Promise<string> {
  made.push({ close: () => void server.close() });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('it listens on no port');
  return `127.0.0.1:${bound.port}`;
}

describe('whom a link speaks to', () => {
  it('is the member that it is for, not one that does not say who it is, or says that it is another', async () => {
    const messages: Buffer[] = [];
    const nameless = (call: Call): void => {
      call.sendMetadata(new Metadata());
      hears(messages)(call);
      setTimeout(() => call.end(), 20);
    };
    const another = isMember(3, (call) => {
      hears(messages)(call);
      setTimeout(() => call.end(), 20);
    });
    const admitted: number[] = [];
    const { address } = await somebody(nameless, another, isMember(2));
    const { link, events } = linkTo(address, {
      admit: ({ id }) => Promise.resolve(void admitted.push(id)),
      onUnreachable: () => link.send(Buffer.from('x')),
    });
    link.send(Buffer.from('x'));
    await until(() => link.up);
    expect(admitted).toEqual([2]);
    expect(events).toEqual(['up 2']);
    expect(messages).toEqual([]);
  });

  it('is nobody whom our side does not admit, which is logged', async () => {
    const messages: Buffer[] = [];
    const { address } = await somebody(isMember(2, hears(messages)), isMember(2));
    const { waits } = hurry(200);
    const admit = vi
      .fn<PeerHandlers['admit']>()
      .mockResolvedValueOnce('it lost its disk')
      .mockRejectedValueOnce(new Error('not ready yet'))
      .mockResolvedValue(undefined);
    const { link, events, logged } = linkTo(address, { admit });
    link.send(Buffer.from('x'));
    await until(() => link.up);
    expect(events).toEqual(['unreachable 2', 'unreachable 2', 'up 2']);
    // The stream is given up at once, not only when it has taken too long.
    expect(waits.filter((ms) => !HANDSHAKES.has(ms))).toEqual([1_000, 20, 1_000, 50, 1_000]);
    expect(logged[0]).toBe('warn it lost its disk');
    expect(messages).toEqual([]);
  });

  it('is nobody whose stream ended before it was admitted', async () => {
    hurry(200);
    const answers: (() => void)[] = [];
    const asked = vi.fn(() => new Promise<undefined>((resolve) => answers.push(() => resolve(undefined))));
    const { address } = await somebody(
      isMember(2, (call) => void until(() => asked.mock.calls.length === 1).then(() => call.end())),
      isMember(2),
    );
    const { link, events } = linkTo(address, { admit: asked });
    await until(() => answers.length === 2);
    answers[0]?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(link.up).toBe(false);
    expect(events).toEqual(['unreachable 2']);
    answers[1]?.();
    await until(() => link.up);
    expect(events).toEqual(['unreachable 2', 'up 2']);
  });
});

describe('what a link tells', () => {
  it('is each loss once, and each reason why it is refused; the same one again only when it is for good', async () => {
    hurry(200);
    const { address } = await somebody(
      refuses(status.FAILED_PRECONDITION, 'a'),
      refuses(status.FAILED_PRECONDITION, 'a'),
      refuses(status.FAILED_PRECONDITION, 'b'),
      refuses(status.UNAVAILABLE, 'c'),
      refuses(status.ALREADY_EXISTS, 'gone'),
      refuses(status.ALREADY_EXISTS, 'gone'),
      isMember(2, (call) => void until(() => events.includes('up 2')).then(() => call.end())),
      refuses(status.FAILED_PRECONDITION, 'b'),
      isMember(2),
    );
    const { events, logged } = linkTo(address);
    await until(() => events.filter((event) => event === 'up 2').length === 2);
    expect(logged).toEqual([
      `debug cannot reach member 2 at ${address}: a`,
      `info lost the connection to member 2 at ${address}: the stream ended`,
    ]);
    expect(events.join(', ').replaceAll('unreachable 2', 'lost')).toBe(
      'lost, refused 2 false a, lost, lost, refused 2 false b, lost, lost, refused 2 true gone, ' +
        'lost, refused 2 true gone, up 2, lost, lost, refused 2 false b, up 2',
    );
  });

  it('is that nobody listens at the address any more, unless it was closed meanwhile', async () => {
    const [free = 0] = await freePorts(1);
    const { link, events } = linkTo(`127.0.0.1:${free}`);
    await until(() => events.includes('dead 2'));
    link.probe();
    link.close();
    const before = events.length;
    const { events: later } = linkTo(`127.0.0.1:${free}`);
    await until(() => later.includes('dead 2'));
    expect(events).toHaveLength(before);
  });

  it('is not that a member is dead where only the way to it is unknown, or the answer is late', async () => {
    const sockets: Socket[] = [];
    const note = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
    subscribe('net.client.socket', note);
    try {
      // A multicast address: the kernel knows no way to it, for TCP.
      const { link, events } = linkTo('224.0.0.1:9');
      link.probe();
      const [unknown] = sockets.splice(0);
      if (unknown !== undefined && !unknown.closed) await once(unknown, 'close').catch(() => undefined);
      expect(unknown?.closed).toBe(true);
      const { link: silent, events: late } = linkTo(await listening(createServer()));
      sockets.splice(0);
      silent.probe();
      const [socket] = sockets;
      expect(socket?.timeout).toBe(500);
      socket?.emit('timeout');
      expect(socket?.destroyed).toBe(true);
      expect([...events, ...late]).not.toContain('dead 2');
    } finally {
      unsubscribe('net.client.socket', note);
    }
  });
});

describe('a link that does not get through', () => {
  it('tries again after 20, 50, 100 and then every 200 ms', async () => {
    const { waits } = hurry(200);
    const { address } = await somebody(refuses(status.UNAVAILABLE, 'not now'));
    linkTo(address);
    const retries = (): number[] => waits.filter((ms) => ms < 1_000);
    await until(() => retries().length >= 6);
    expect(retries().slice(0, 6)).toEqual([20, 50, 100, 200, 200, 200]);
  });

  it('begins anew when the machine does not answer within 1 s, then 2, 4 and at most 6, with a new connection', async () => {
    const address = await deafMachine();
    const sockets = new Set<Socket>();
    const note = (message: unknown): void => void sockets.add((message as { socket: Socket }).socket);
    subscribe('net.client.socket', note);
    try {
      const { waits } = hurry(6_000);
      const { events } = linkTo(address);
      await until(() => waits.filter((ms) => ms === 6_000).length >= 2);
      expect(waits.filter((ms) => ms >= 1_000 && !HANDSHAKES.has(ms)).slice(0, 5)).toEqual([
        1_000, 2_000, 4_000, 6_000, 6_000,
      ]);
      expect(events).not.toContain('up 2');
      // Each attempt, and a probe after each that was given up.
      expect(sockets.size).toBeGreaterThanOrEqual(9);
    } finally {
      unsubscribe('net.client.socket', note);
    }
  });

  it('gives a machine that answers 7.5 s for the rest, then 15 and at most 30, with a new connection each time', async () => {
    let greeted = 0;
    const server = createServer((socket) => {
      // A probe says nothing.
      socket.once('data', () => void greeted++);
      socket.on('error', () => undefined);
    });
    const address = await listening(server);
    const patient = hurry(6_000);
    const { link, events } = linkTo(address);
    await until(() => patient.fired === 1 && greeted === 1);
    // What had fired is over when the next turn of the loop is.
    await new Promise((resolve) => setTimeout(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(patient.waits.toSorted((a, b) => a - b)).toEqual([1_000, 7_500]);
    expect(events).toEqual([]);
    link.close();
    vi.restoreAllMocks();
    greeted = 0;
    const { waits } = hurry(30_000);
    linkTo(address);
    await until(() => waits.filter((ms) => HANDSHAKES.has(ms)).length >= 4);
    expect(waits.filter((ms) => HANDSHAKES.has(ms)).slice(0, 4)).toEqual([7_500, 15_000, 30_000, 30_000]);
    await until(() => greeted >= 2);
  });

  it('waits longer for answers to pings where it took long until both sides talked, until that is over', async () => {
    let aheadMs = 0;
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + aheadMs);
    // Pings leave 20 ms after a connection is there.
    const { waits } = hurry(2_000, '/grpc-js/build/src/transport.js');
    const pongs = (): number[] => waits.filter((ms) => ms !== 2_000);
    const calls: Call[] = [];
    const slow = (call: Call): void => {
      aheadMs += 3_000;
      isMember(2, () => calls.push(call))(call);
    };
    const { address } = await somebody(
      slow,
      isMember(2, (call) => calls.push(call)),
    );
    const { link } = linkTo(address);
    await until(() => link.up && waits.length >= 2);
    expect(pongs()).toEqual([]);
    calls.pop()?.end();
    await until(() => pongs().length >= 2);
    expect(pongs().every((ms) => ms >= 6_000 && ms < 16_000)).toBe(true);
    calls.pop()?.end();
    await until(() => calls.length === 1 && link.up);
    waits.length = 0;
    await until(() => waits.length >= 4);
    expect(pongs()).toEqual([]);
  });

  it('is closed for good, also between two attempts', async () => {
    const timers = hurry(200);
    const state = await somebody(refuses(status.UNAVAILABLE, 'not now'));
    let lost = 0;
    const { link } = linkTo(state.address, {
      onUnreachable: () => {
        lost++;
        link.close();
      },
    });
    await until(() => timers.fired === 1);
    link.send(Buffer.from('x'));
    expect([lost, state.opened]).toEqual([1, 1]);
    expect(timers.waits.filter((ms) => !HANDSHAKES.has(ms))).toEqual([1_000, 20]);
  });

  it('uses the certificate that it was given meanwhile', async () => {
    const next = await members.authority('next');
    const [portA = 0, portB = 0] = await freePorts(2);
    const [a, b] = [await members.start(1, portA), await members.start(2, portB)];
    a.transport.setPeers(new Map([[2, `127.0.0.1:${portB}`]]));
    await until(() => a.transport.isUp(2));
    await b.transport.close();
    a.transport.replaceTls(next);
    await members.start(2, portB, { tls: next });
    await until(() => !a.transport.isUp(2));
    await until(() => a.transport.isUp(2));
  });
});

describe('the queue of a link', () => {
  it('holds what was sent since the last loss, in order', async () => {
    hurry(200);
    const messages: Buffer[] = [];
    const { address } = await somebody(refuses(status.UNAVAILABLE, 'not now'), isMember(2, hears(messages)));
    const { link } = linkTo(address, {
      onUnreachable: () => {
        for (const text of ['a', 'b', 'c']) link.send(Buffer.from(text));
      },
    });
    link.send(Buffer.from('before'));
    await until(() => messages.length >= 3);
    expect(messages.map(String)).toEqual(['a', 'b', 'c']);
  });

  /** What a stream brings whole to who opens it after this was sent; sent again when it breaks, as on a busy machine. */
  const brought = async (
    send: (link: PeerLink) => void,
    more: (link: PeerLink) => void,
    last: string,
  ): Promise<Buffer[]> => {
    hurry(200);
    let messages: Buffer[] = [];
    const { address } = await somebody(
      isMember(2, (call) => {
        const heard: Buffer[] = [];
        messages = heard;
        call.on('data', ({ payload }: Envelope) => {
          if (heard.push(payload) === 1) more(link);
        });
      }),
    );
    const { link } = linkTo(address, { onUnreachable: () => send(link) });
    send(link);
    await until(() => messages.at(-1)?.toString('latin1', 0, 4) === last);
    return messages;
  };
  const nothing = (): void => undefined;

  it('counts only what still waits, and keeps one batch however large it is', async () => {
    // More than the stream takes at once: the rest waits.
    const small = Array.from({ length: 100 }, (_, nth) => String(nth));
    const messages = await brought(
      (link) => link.send(Buffer.alloc(49 * MIB)),
      (link) => {
        for (const text of small) link.send(Buffer.from(text));
      },
      '99',
    );
    expect(messages[0]?.length).toBe(49 * MIB);
    expect(messages.slice(1).map(String)).toEqual(small);
  });

  it('has room for 4,096 batches and for 48 MiB, of which the newest stay', async () => {
    const many = await brought(
      (link) => {
        for (let nth = 0; nth < 5_000; nth++) link.send(Buffer.from(String(nth)));
      },
      nothing,
      '4999',
    );
    expect(many.map(String)).toEqual(Array.from({ length: 4_096 }, (_, nth) => String(nth + 5_000 - 4_096)));
    vi.restoreAllMocks();
    const large = await brought(
      (link) => {
        for (const text of 'abcde') link.send(Buffer.alloc(16 * MIB, text));
      },
      nothing,
      'eeee',
    );
    expect(large.map((payload) => payload.toString('latin1', 0, 1))).toEqual(['c', 'd', 'e']);
  });

  it('is bounded also before a member that is let in, and takes nothing', async () => {
    const messages: Buffer[] = [];
    let begin: () => void = () => undefined;
    const { address } = await somebody(
      isMember(2, (call) => {
        begin = () => hears(messages)(call);
      }),
    );
    const { link } = linkTo(address);
    await until(() => link.up);
    for (let nth = 0; nth < 5_000; nth++) link.send(Buffer.from(String(nth)));
    begin();
    await until(() => messages.at(-1)?.toString() === '4999');
    const heard = messages.map(Number);
    expect(heard).toEqual(heard.toSorted((a, b) => a - b));
    // Those, and the few that the stream itself took.
    expect(heard.slice(-4_096)[0]).toBe(5_000 - 4_096);
    expect(heard.length).toBeLessThan(4_200);
    expect(heard[0]).toBe(0);
  });
});
