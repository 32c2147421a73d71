import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, expect, it } from 'vitest';
import { S3Target } from './s3.js';

const servers: { close(): void }[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

it('a file that fits into one request is put with one, also an empty one', async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      asked.push(`${request.method} ${request.url} ${body.toString()}`);
      response.end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const identity = { accessKey: 'A', secretKey: 's', sessionToken: '', region: 'eu-1' };
  const target = new S3Target({ endpoint: `http://127.0.0.1:${port}`, bucket: 'b', identity }, 'p/', 100);
  await target.put(
    'small',
    (async function* () {
      yield Buffer.from('ab');
      yield Buffer.from('c');
    })(),
  );
  await target.put('empty', (async function* () {})());
  expect(asked).toEqual(['PUT /b/p/small abc', 'PUT /b/p/empty ']);
});

it('what is gone already is removed, and what may not be removed is told', async () => {
  let status = 404;
  const server = createServer((request, response) => {
    void buffer(request).then(() => response.writeHead(status).end());
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const identity = { accessKey: 'A', secretKey: 's', sessionToken: '', region: 'eu-1' };
  const target = new S3Target({ endpoint: `http://127.0.0.1:${port}`, bucket: 'b', identity }, 'p/');
  await target.remove('gone');
  status = 403;
  await expect(target.remove('kept')).rejects.toThrow(/^DELETE .*kept.*: it answered 403$/);
});

it('what is brought here is for its owner only: it holds secrets', async () => {
  const scratch = mkdtempSync(join(tmpdir(), 'quorate-s3-small-'));
  const server = createServer((_, response) => void response.end('state'));
  servers.push(server);
  try {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const identity = { accessKey: 'A', secretKey: 's', sessionToken: '', region: 'eu-1' };
    const target = new S3Target({ endpoint: `http://127.0.0.1:${port}`, bucket: 'b', identity }, 'p/');
    const path = await target.file('base', scratch);
    expect([readFileSync(path, 'utf8'), statSync(path).mode & 0o777]).toEqual(['state', 0o600]);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
