import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
