import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PeerCertificate, SecureVersion, TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createAuthority, issue, type KeyPair } from '../../pki/x509.js';
import { has } from '../../testing/e2e/cluster.js';
import { freeBase } from '../../testing/ports.js';
import type { HttpListener, RequestHandler, TlsFiles } from '../http-listener.js';
import { listen } from './listener.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
const handler: RequestHandler = {
  serve: (request) => ({
    reply: { status: 200, contentType: '', body: request.peerCertificate === '' ? '' : 'client' },
    auditId: 'a',
  }),
};
let ca: KeyPair;
let first: TlsFiles;
let second: TlsFiles;
let listener: HttpListener;

/** Writes a pair, and what names it. */
async function pair(name: string, ...dnsNames: string[]): Promise<{ certFile: string; keyFile: string }> {
  const { cert, key } = await issue(ca, { commonName: name, usages: ['server'], dnsNames });
  const [certFile, keyFile] = [join(dir, `${name}.crt`), join(dir, `${name}.key`)];
  writeFileSync(certFile, cert);
  writeFileSync(keyFile, key);
  return { certFile, keyFile };
}

beforeAll(async () => {
  ca = await createAuthority('ca');
  first = { ...(await pair('first', 'localhost')), clientCaFile: undefined };
  second = { ...(await pair('second', 'localhost')), clientCaFile: undefined };
});
afterEach(() => listener.close(1000));
afterAll(() => rmSync(dir, { recursive: true }));

const open = async (tls: TlsFiles): Promise<void> => {
  listener = await listen({ host: '127.0.0.1', port: await freeBase([0]), ...tls }, handler);
};

interface Seen {
  readonly name: string | string[] | undefined;
  readonly version: string | null;
  readonly cipher: string;
  readonly headers: readonly string[];
  readonly body: string;
}

function get(options: https.RequestOptions & { maxVersion?: SecureVersion } = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const to = {
      host: '127.0.0.1',
      port: listener.port,
      servername: 'localhost',
      ca: ca.cert,
      agent: false,
      ...options,
    };
    const request = https.get(to, (response) => {
      const socket = response.socket as TLSSocket;
      const peer: PeerCertificate = socket.getPeerCertificate();
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({
          name: peer.subject?.CN,
          version: socket.getProtocol(),
          cipher: socket.getCipher().name,
          headers: response.rawHeaders,
          body,
        }),
      );
    });
    request.on('error', reject);
  });
}

test('no header tells what serves', async () => {
  await open(first);
  const { headers } = await get();
  expect(headers.filter((_, i) => i % 2 === 0)).toEqual(['Audit-Id', 'Cache-Control', 'Date', 'Content-Length']);
});

test('a client that names a host sees its certificate', async () => {
  const named = { ...(await pair('named', 'a.example.com', '*.wild.com')), names: ['a.example.com', '*.wild.com'] };
  await open({ ...first, named: [named] });
  const seen = async (servername: string) => (await get({ servername })).name;
  expect(await seen('a.example.com')).toBe('named');
  expect(await seen('x.wild.com')).toBe('named');
  expect(await seen('localhost')).toBe('first');
});

test('only the cipher suites that are listed are spoken in TLS 1.2, by named hosts too', async () => {
  const named = { ...(await pair('named', 'a.example.com')), names: ['a.example.com'] };
  await open({ ...first, named: [named], ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' });
  for (const servername of ['localhost', 'a.example.com']) {
    const old = { servername, maxVersion: 'TLSv1.2' } as const;
    expect((await get(old)).cipher).toBe('ECDHE-ECDSA-CHACHA20-POLY1305');
    await expect(get({ ...old, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' })).rejects.toThrow(/handshake failure/);
  }
  expect((await get()).version).toBe('TLSv1.3');
});

test('with a suite that nobody can use TLS 1.3 is all that is spoken', async () => {
  await open({ ...first, ciphers: 'ECDHE-PSK-AES128-CBC-SHA' });
  expect((await get()).version).toBe('TLSv1.3');
  await expect(get({ maxVersion: 'TLSv1.2' })).rejects.toThrow(/handshake failure/);
});

test('certificates are replaced for those who connect; open connections stay', async () => {
  await open(first);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  expect((await get({ agent })).name).toBe('first');
  await listener.replaceTls(second);
  expect((await get()).name).toBe('second');
  expect((await get({ agent })).name).toBe('first');
  agent.destroy();
  await expect(listener.replaceTls({ ...first, certFile: second.certFile })).rejects.toThrow('TLS cannot start');
  expect((await get()).name).toBe('second');
});

test('a port that is closed while its certificates are replaced stays closed, and can be had by others', async () => {
  await open(first);
  const { port } = listener;
  const replaced = listener.replaceTls(second);
  const closed = listener.close(1000);
  await Promise.all([replaced, closed]);
  await listener.replaceTls(first);
  await listener.close(0);
  const other = createServer().listen({ port, host: '127.0.0.1' });
  await once(other, 'listening');
  other.close();
});

test.skipIf(!has('ss'))(
  'what the kernel receives ahead is bounded before and after certificates are replaced',
  async () => {
    await open(first);
    const bound = (): string =>
      /rb(\d+)/.exec(execFileSync('ss', ['-Hltnm', `sport = :${listener.port}`], { encoding: 'utf8' }))?.[1] ?? '';
    const bounded = String(2 * 208 * 1024);
    await expect.poll(bound, { timeout: 30_000 }).toBe(bounded);
    await listener.replaceTls(second);
    await expect.poll(bound, { timeout: 30_000 }).toBe(bounded);
  },
);

test('so are the authorities of clients', async () => {
  const [old, next] = await Promise.all([createAuthority('clients'), createAuthority('clients')]);
  const jane = await issue(old, { commonName: 'jane', usages: ['client'] });
  const write = (name: string, { cert }: KeyPair): string => {
    writeFileSync(join(dir, name), cert);
    return join(dir, name);
  };
  await open({ ...first, clientCaFile: write('old.crt', old) });
  expect((await get(jane)).body).toBe('client');
  await listener.replaceTls({ ...first, clientCaFile: write('next.crt', next) });
  await expect(get(jane)).rejects.toThrow();
  const ann = await issue(next, { commonName: 'ann', usages: ['client'] });
  expect((await get(ann)).body).toBe('client');
});
