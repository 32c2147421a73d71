import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { S3Client, S3Error, element, elements } from './s3-client.js';
import { S3Target } from './s3.js';

const identity = { accessKey: 'A', secretKey: 's', sessionToken: '', region: 'eu-1' };
let server: Server;
let host = '';
let asked: string[] = [];
let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;

beforeEach(async () => {
  asked = [];
  answer = (_, response) => void response.end();
  server = createServer((request, response) => {
    void buffer(request).then((bytes) => {
      const body = bytes.toString();
      asked.push(`${request.method} ${request.url}${body === '' ? '' : ` ${body}`}`);
      answer(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});
const bucket = () => ({ endpoint: `http://${host}`, bucket: 'my bucket', identity });
const failureOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => '',
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe('a request to a store', () => {
  it('names what it is about so that every character arrives, and gives back what is answered', async () => {
    answer = (request, response, body) => {
      response.setHeader('etag', '"e"').end(`${request.headers['content-length']} ${body}`);
    };
    const client = new S3Client(bucket());
    const { body, etag } = await client.ask('PUT', 'a b/c+d', { query: { z: '1 2', a: '' }, body: Buffer.from('xyz') });
    expect([body.toString(), etag]).toEqual(['3 xyz', '"e"']);
    answer = (_, response) => void response.writeHead(299).end();
    expect(await client.ask('GET', '')).toEqual({ body: Buffer.alloc(0), etag: '' });
    expect(asked).toEqual(['PUT /my%20bucket/a%20b/c%2Bd?a=&z=1%202 xyz', 'GET /my%20bucket/']);
  });

  it('is refused with what the store says, or with its number where it says nothing', async () => {
    const client = new S3Client(bucket());
    answer = (_, response) =>
      void response.writeHead(403).end('<Error><Code>No</Code><Message>you &amp; I &lt;never&gt;</Message></Error>');
    const refused = await client.ask('GET', 'k').catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(S3Error);
    expect(refused).toMatchObject({
      name: 'S3Error',
      status: 403,
      message: `GET /my%20bucket/k at ${host}: No: you & I <never>`,
    });
    for (const status of [300, 404, 503]) {
      answer = (_, response) => void response.writeHead(status).end();
      expect(await failureOf(client.ask('GET', 'k'))).toBe(
        `S3Error: GET /my%20bucket/k at ${host}: it answered ${status}`,
      );
    }
  });

  it('that nobody answers is told with what to check', async () => {
    answer = (request) => void request.socket.destroy();
    expect(await failureOf(new S3Client(bucket()).ask('GET', 'k'))).toMatch(
      new RegExp(`^FatalError: the store ${host} does not answer: .+\\. Check --archive-to, and that it runs\\.$`),
    );
  });

  it('is given up where more than 64 MiB are answered', async () => {
    const chunk = Buffer.alloc(8 * 1024 * 1024);
    answer = (_, response) => {
      for (let i = 0; i < 8; i++) response.write(chunk);
      response.end(asked.length > 1 ? 'x' : '');
    };
    const client = new S3Client(bucket());
    expect((await client.ask('GET', 'k')).body).toHaveLength(64 * 1024 * 1024);
    expect(await failureOf(client.ask('GET', 'k'))).toBe('Error: the answer has more than 67108864 bytes');
  });
});

it('what a store says is read from its XML, for the elements that are named', () => {
  const xml = '<A>1</A><B>&quot;x&apos; &unknown;</B><A></A><AA>2</AA>';
  expect([elements(xml, 'A'), element(xml, 'B'), element(xml, 'C')]).toEqual([['1', ''], `"x' &unknown;`, '']);
});

describe('a file that is sent in parts', () => {
  const target = () => new S3Target(bucket(), 'p/', 4);
  const put = (...texts: readonly string[]): Promise<void> =>
    target().put(
      'k',
      (async function* () {
        for (const text of texts) yield await Promise.resolve(Buffer.from(text));
      })(),
    );
  const answers = (more: (request: IncomingMessage, response: ServerResponse) => boolean = () => false): void => {
    answer = (request, response) => {
      if (more(request, response)) return;
      const part = new URL(request.url ?? '', 'http://x').searchParams.get('partNumber');
      if (part !== null) response.setHeader('etag', `e${part}`);
      response.end(request.url?.endsWith('uploads=') === true ? '<UploadId>u1</UploadId>' : '');
    };
  };
  const path = '/my%20bucket/p/k';

  it('is put together from them, in their order', async () => {
    answers();
    await put('ab', 'cd', 'efgh', 'i');
    const completed = (count: number): string => {
      const parts = Array.from(
        { length: count },
        (_, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>e${i + 1}</ETag></Part>`,
      );
      return `POST ${path}?uploadId=u1 <CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
    };
    expect(asked).toEqual([
      `POST ${path}?uploads=`,
      `PUT ${path}?partNumber=1&uploadId=u1 abcd`,
      `PUT ${path}?partNumber=2&uploadId=u1 efgh`,
      `PUT ${path}?partNumber=3&uploadId=u1 i`,
      completed(3),
    ]);
    asked = [];
    await put('abcd');
    expect(asked.slice(1)).toEqual([`PUT ${path}?partNumber=1&uploadId=u1 abcd`, completed(1)]);
  });

  it('is given up where a part is refused, or they are not put together after all', async () => {
    answers((request, response) => {
      if (request.url?.includes('partNumber=2') !== true) return false;
      response.writeHead(500).end();
      return true;
    });
    expect(await failureOf(put('abcd', 'efgh'))).toBe(`S3Error: PUT ${path} at ${host}: it answered 500`);
    expect(asked.at(-1)).toBe(`DELETE ${path}?uploadId=u1`);
    answers((request, response) => {
      if (request.method === 'DELETE') response.writeHead(500).end();
      else if (request.url?.endsWith('?uploadId=u1') === true)
        response.end('<Error><Code>Slow</Code><Message>later</Message></Error>');
      else return false;
      return true;
    });
    expect(await failureOf(put('abcd'))).toBe('Error: p/k: Slow: later');
    expect(asked.at(-1)).toBe(`DELETE ${path}?uploadId=u1`);
  });
});
