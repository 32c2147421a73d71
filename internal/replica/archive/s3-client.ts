import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { FatalError } from '../../machinery/assert.js';
import { encodeS3, queryText, type S3Identity, signedHeaders } from './s3-signature.js';

/** Without a byte for so long a request is given up. */
const STALLED_MS = 30_000;
/** A listing, or a piece of the log, is not larger. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/** A bucket of an S3-compatible store. */
export interface S3Bucket {
  /** https://host[:port] */
  readonly endpoint: string;
  readonly bucket: string;
  readonly identity: S3Identity;
}

/** What a request may have beside its method and key. */
export interface S3Options {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/**
 * Requests to one bucket, by path. Each rejects with FatalError: what the store says when it does not
 * answer with 2xx.
 */
export class S3Client {
  readonly #bucket: S3Bucket;
  readonly #endpoint: URL;

  constructor(bucket: S3Bucket) {
    this.#bucket = bucket;
    this.#endpoint = new URL(bucket.endpoint);
  }

  /** The answer, whose body is still to be read. */
  async open(method: string, key: string, options: S3Options = {}): Promise<IncomingMessage> {
    const { query = {}, body = Buffer.alloc(0) } = options;
    const path = `/${[this.#bucket.bucket, ...key.split('/')].map(encodeS3).join('/')}`;
    const { host } = this.#endpoint;
    const headers = signedHeaders({ method, path, query, headers: { host }, body }, this.#bucket.identity, new Date());
    const search = queryText(query);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const { request } = this.#endpoint.protocol === 'http:' ? http : https;
      const sent = request(
        `${this.#endpoint.origin}${path}${search === '' ? '' : `?${search}`}`,
        { method, timeout: STALLED_MS, headers: { ...headers, 'content-length': body.length } },
        resolve,
      );
      sent.on('timeout', () => sent.destroy(new Error(`${host} sent nothing for ${STALLED_MS / 1000} s`)));
      sent.on('error', reject);
      sent.end(body);
    }).catch((error: Error) => {
      throw new FatalError(
        `the store ${host} does not answer: ${error.message}. Check --archive-to, and that it runs.`,
      );
    });
    const { statusCode = 0 } = answer;
    if (statusCode >= 200 && statusCode < 300) return answer;
    const text = (await bytesOf(answer)).toString('utf8');
    throw new S3Error(statusCode, `${method} ${path} at ${host}: ${reasonIn(text, statusCode)}`);
  }

  /** The whole answer, 64 MiB at most. */
  async ask(method: string, key: string, options?: S3Options): Promise<{ body: Buffer; etag: string }> {
    const answer = await this.open(method, key, options);
    return { body: await bytesOf(answer), etag: answer.headers.etag ?? '' };
  }
}

/** A refusal of the store. */
export class S3Error extends FatalError {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'S3Error';
  }
}

function reasonIn(xml: string, status: number): string {
  const [code, message] = ['Code', 'Message'].map((name) => element(xml, name));
  return code === '' ? `it answered ${status}` : `${code}: ${message}`;
}

async function bytesOf(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error(`the answer has more than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The texts of all elements of a name, in the flat XML that such stores answer. */
export function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map((match) =>
    (match[1] ?? '').replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => ENTITIES[entity] ?? ''),
  );
}

/** The text of the first element of a name; '' without one. */
export const element = (xml: string, name: string): string => elements(xml, name)[0] ?? '';
