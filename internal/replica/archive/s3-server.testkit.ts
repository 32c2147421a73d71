import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { type S3Identity, signedHeaders } from './s3-signature.js';

/** A small S3-compatible store: it checks signatures, lists in pages of three, and takes uploads in parts. */
export interface S3Server {
  readonly endpoint: string;
  /** By bucket and key, with a slash between them. */
  readonly objects: Map<string, Buffer>;
  /** Uploads that were begun and neither completed nor given up. */
  readonly uploads: Map<string, Map<number, Buffer>>;
  close(): Promise<void>;
}

const PAGE = 3;

/** Starts one on the loopback. */
export async function startS3(identity: S3Identity): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const server = createServer((request, response) => {
    void serve(request, response, identity, objects, uploads);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    uploads,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  identity: S3Identity,
  objects: Map<string, Buffer>,
  uploads: Map<string, Map<number, Buffer>>,
): Promise<void> {
  const body = await buffer(request);
  const url = new URL(request.url ?? '/', 'http://store');
  const answer = (code: number, text: string | Buffer = '', headers: Record<string, string> = {}): void => {
    response.writeHead(code, headers).end(text);
  };
  const refuse = (code: number, name: string): void =>
    answer(code, `<?xml version="1.0"?><Error><Code>${name}</Code><Message>no &amp; never</Message></Error>`);
  const query = Object.fromEntries(url.searchParams);
  if (!isSigned(request, url.pathname, query, body, identity)) return refuse(403, 'SignatureDoesNotMatch');
  const key = decodeURIComponent(url.pathname).slice(1);
  const etag = `"${createHash('md5').update(body).digest('hex')}"`;
  const { uploadId = '' } = query;
  switch (request.method ?? '') {
    case 'GET': {
      if ('list-type' in query) return answer(200, listed(objects, key.replace(/\/$/, ''), query));
      const object = objects.get(key);
      return object === undefined ? refuse(404, 'NoSuchKey') : answer(200, object);
    }
    case 'PUT':
      if (uploadId === '') objects.set(key, body);
      else uploads.get(uploadId)?.set(Number(query['partNumber']), body);
      return answer(200, '', { etag });
    case 'POST': {
      if ('uploads' in query) {
        const id = `upload&${uploads.size}`;
        uploads.set(id, new Map());
        return answer(200, `<R><UploadId>${id.replace('&', '&amp;')}</UploadId></R>`);
      }
      const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map((m) => Number(m[1]));
      objects.set(key, Buffer.concat(named.map((n) => uploads.get(uploadId)?.get(n) ?? Buffer.alloc(0))));
      uploads.delete(uploadId);
      return answer(200, '<CompleteMultipartUploadResult/>');
    }
    case 'DELETE':
      if (uploadId === '') objects.delete(key);
      else uploads.delete(uploadId);
      return answer(204);
    default:
      return refuse(405, 'MethodNotAllowed');
  }
}

function isSigned(
  request: IncomingMessage,
  path: string,
  query: Record<string, string>,
  body: Buffer,
  identity: S3Identity,
): boolean {
  const time = String(request.headers['x-amz-date'] ?? '');
  const at = new Date(time.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (Number.isNaN(at.getTime())) return false;
  const { host = '' } = request.headers;
  const expected = signedHeaders({ method: request.method ?? '', path, query, headers: { host }, body }, identity, at);
  return request.headers.authorization === expected['authorization'];
}

function listed(objects: Map<string, Buffer>, bucket: string, query: Record<string, string>): string {
  const { prefix = '', delimiter = '' } = query;
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(`${bucket}/${prefix}`))
    .map((key) => key.slice(bucket.length + 1))
    .sort();
  if (delimiter !== '') {
    const prefixes = new Set(
      keys.map((key) => prefix + (key.slice(prefix.length).split(delimiter)[0] ?? '') + delimiter),
    );
    const all = [...prefixes].map((one) => `<CommonPrefixes><Prefix>${one}</Prefix></CommonPrefixes>`).join('');
    return `<ListBucketResult><Prefix>${prefix}</Prefix>${all}</ListBucketResult>`;
  }
  const from = Number(query['continuation-token'] ?? 0);
  const page = keys.slice(from, from + PAGE).map((key) => `<Contents><Key>${key}</Key></Contents>`);
  const next = from + PAGE < keys.length ? `<NextContinuationToken>${from + PAGE}</NextContinuationToken>` : '';
  return `<ListBucketResult><Prefix>${prefix}</Prefix>${page.join('')}${next}</ListBucketResult>`;
}
