import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type S3Bucket, S3Client, S3Error, element, elements } from './s3-client.js';
import type { ArchiveTarget } from './target.js';

/** A larger file is sent in parts, of this size; such stores take 10,000 of them. */
const PART_BYTES = 8 * 1024 * 1024;

/** An archive in an S3-compatible store, below a prefix that ends with a slash. A file is there when it is whole. */
export class S3Target implements ArchiveTarget {
  readonly #client: S3Client;

  constructor(
    bucket: S3Bucket,
    private readonly prefix: string,
    private readonly partBytes = PART_BYTES,
  ) {
    this.#client = new S3Client(bucket);
  }

  async list(): Promise<readonly string[]> {
    return (await this.#names('Key', {})).map((key) => key.slice(this.prefix.length));
  }

  /** What stands like a directory below the prefix. */
  async directories(): Promise<readonly string[]> {
    const prefixes = await this.#names('Prefix', { delimiter: '/' });
    return prefixes
      .filter((name) => name !== this.prefix)
      .map((name) => name.slice(this.prefix.length).replace(/\/$/, ''));
  }

  async #names(what: 'Key' | 'Prefix', more: Readonly<Record<string, string>>): Promise<string[]> {
    const names: string[] = [];
    for (let token = ''; ; ) {
      const query = {
        'list-type': '2',
        prefix: this.prefix,
        ...more,
        ...(token === '' ? {} : { 'continuation-token': token }),
      };
      const xml = (await this.#client.ask('GET', '', { query })).body.toString('utf8');
      names.push(...elements(xml, what));
      token = element(xml, 'NextContinuationToken');
      if (token === '') return names;
    }
  }

  async put(name: string, bytes: AsyncIterable<Buffer>): Promise<void> {
    const key = this.prefix + name;
    let upload = '';
    const etags: string[] = [];
    let held: Buffer[] = [];
    let size = 0;
    const part = async (): Promise<void> => {
      upload ||= element((await this.#client.ask('POST', key, { query: { uploads: '' } })).body.toString(), 'UploadId');
      const query = { partNumber: String(etags.length + 1), uploadId: upload };
      etags.push((await this.#client.ask('PUT', key, { query, body: Buffer.concat(held) })).etag);
      [held, size] = [[], 0];
    };
    try {
      for await (const chunk of bytes) {
        held.push(chunk);
        size += chunk.length;
        if (size >= this.partBytes) await part();
      }
      if (upload === '') {
        await this.#client.ask('PUT', key, { body: Buffer.concat(held) });
        return;
      }
      if (size > 0) await part();
      await this.#complete(key, upload, etags);
    } catch (error) {
      // What was sent so far costs space until it is given up; the next attempt begins anew in any case.
      if (upload !== '') await this.#client.ask('DELETE', key, { query: { uploadId: upload } }).catch(() => undefined);
      throw error;
    }
  }

  async #complete(key: string, upload: string, etags: readonly string[]): Promise<void> {
    const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join('');
    const body = Buffer.from(`<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`);
    const answer = (await this.#client.ask('POST', key, { query: { uploadId: upload }, body })).body.toString('utf8');
    // It begins to answer before it knows.
    if (answer.includes('<Error>'))
      throw new Error(`${key}: ${element(answer, 'Code')}: ${element(answer, 'Message')}`);
  }

  async read(name: string): Promise<Buffer> {
    return (await this.#client.ask('GET', this.prefix + name)).body;
  }

  async file(name: string, scratch: string): Promise<string> {
    const path = join(scratch, name);
    await pipeline(await this.#client.open('GET', this.prefix + name), createWriteStream(path, { mode: 0o600 }));
    return path;
  }

  async remove(name: string): Promise<void> {
    try {
      await this.#client.ask('DELETE', this.prefix + name);
    } catch (error) {
      if (!(error instanceof S3Error && error.status === 404)) throw error;
    }
  }
}
