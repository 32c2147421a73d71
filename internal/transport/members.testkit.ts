import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { authorityOf, ensurePki, PKI_FILES } from '../pki/pki.js';
import { issue } from '../pki/x509.js';
import { Transport } from './transport.js';
import type { PeerHandlers, PeerIdentity, TransportTls } from './types.js';

/** A member that notes what it hears. */
export interface Heard {
  readonly transport: Transport;
  readonly messages: string[];
  readonly events: string[];
}

export interface MemberOptions extends Partial<Pick<PeerHandlers, 'admit' | 'onFetch' | 'onCall' | 'onSnapshot'>> {
  readonly tls?: TransportTls;
  readonly self?: Partial<PeerIdentity>;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Waited for before a chunk of a snapshot is taken. */
  readonly beforeChunk?: () => Promise<void>;
}

/** Members with real certificates that listen; those that a test made are closed after it. For tests. */
export class TestMembers {
  readonly #transports: Transport[] = [];
  #directory = '';
  #tls: TransportTls | undefined;

  constructor() {
    beforeAll(async () => {
      this.#directory = mkdtempSync(join(tmpdir(), 'quorate-transport-'));
      this.#tls = await this.authority('one');
    });
    afterAll(() => rmSync(this.#directory, { recursive: true, force: true }));
    afterEach(async () => {
      await Promise.all(this.#transports.splice(0).map((transport) => transport.close()));
    });
  }

  /** What members have unless a test says otherwise. */
  get tls(): TransportTls {
    if (this.#tls === undefined) throw new Error('there are no certificates before the tests begin');
    return this.#tls;
  }

  /** A certificate of an authority of its own. */
  async authority(name: string): Promise<TransportTls> {
    await ensurePki(join(this.#directory, name), { serviceIp: '10.96.0.1' });
    const read = (file: string): string => readFileSync(join(this.#directory, name, file), 'utf8');
    return {
      ca: read(`${PKI_FILES.peerCa}.crt`),
      cert: read(`${PKI_FILES.peer}.crt`),
      key: read(`${PKI_FILES.peer}.key`),
    };
  }

  /** A certificate of the members' authority for another host than theirs. */
  async certificateFor(host: string): Promise<TransportTls> {
    const authority = authorityOf(join(this.#directory, 'one'), PKI_FILES.peerCa);
    const usages = ['client', 'server'] as const;
    return {
      ...(await issue(authority, { commonName: host, organizations: [], usages, dnsNames: [host] })),
      ca: this.tls.ca,
    };
  }

  async start(id: number, port: number, options: MemberOptions = {}): Promise<Heard> {
    const messages: string[] = [];
    const events: string[] = [];
    const transport = new Transport({
      self: { cluster: 1, id, nonce: `n${id}`, ...options.self },
      listen: `${options.host ?? '127.0.0.1'}:${port}`,
      tls: options.tls ?? this.tls,
      handlers: {
        admit: options.admit ?? (() => Promise.resolve(undefined)),
        onMessages: (from, payload) => void messages.push(`${from}:${payload.toString()}`),
        onSnapshot:
          options.onSnapshot ??
          (async (_from, chunks) => {
            for await (const chunk of chunks) {
              await options.beforeChunk?.();
              messages.push(`snapshot ${chunk.length}`);
            }
          }),
        onFetch:
          options.onFetch ??
          (() => {
            throw new Error('nothing to fetch');
          }),
        onCall: options.onCall ?? ((payload) => Promise.resolve(payload)),
        onUp: (peer) => void events.push(`up ${peer}`),
        onUnreachable: (peer) => void events.push(`unreachable ${peer}`),
        onDead: (peer) => void events.push(`dead ${peer}`),
        onRefused: (peer, reason, forGood) => void events.push(`refused ${peer} ${forGood} ${reason}`),
      },
      log: () => undefined,
    });
    this.#transports.push(transport);
    await transport.listen();
    return { transport, messages, events };
  }
}
