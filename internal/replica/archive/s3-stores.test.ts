import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archivePlace } from './place.js';
import { S3Target } from './s3.js';
import { S3_STORES, type S3Store } from './s3-stores.testkit.js';

const MIB = 1024 * 1024;
/** Stores list 1,000 at a time. */
const MANY = 1_005;

async function* chunks(...parts: Buffer[]): AsyncGenerator<Buffer> {
  yield* parts;
}

async function sumOf(file: string): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of createReadStream(file)) sum.update(chunk as Buffer);
  return sum.digest('hex');
}

describe.skipIf(S3_STORES.length === 0)('a store that others made', () => {
  describe.each(S3_STORES)('$name', ({ start, knowsKeys }) => {
    const dir = mkdtempSync(join(tmpdir(), 'quorate-s3-stores-'));
    let store: S3Store;
    beforeAll(async () => {
      store = await start();
    }, 60_000);
    afterAll(async () => {
      await store?.close();
      rmSync(dir, { recursive: true });
    });

    it('takes files whole and in parts, and gives them back', async () => {
      const target = new S3Target(store, 'a b+c/');
      await target.put('small', chunks(Buffer.from('one'), Buffer.from('two')));
      expect((await target.read('small')).toString()).toBe('onetwo');
      const parts = Array.from({ length: 5 }, () => randomBytes(4 * MIB));
      await target.put('large', chunks(...parts));
      const wanted = createHash('sha256').update(Buffer.concat(parts)).digest('hex');
      expect(await sumOf(await target.file('large', dir))).toBe(wanted);
      await target.put('small', chunks(Buffer.from('another')));
      expect((await target.read('small')).toString()).toBe('another');
      expect(await target.list()).toEqual(['large', 'small']);
      await target.remove('small');
      await target.remove('small');
      await expect(target.read('small')).rejects.toThrow(/NoSuchKey/);
      expect(await target.list()).toEqual(['large']);
    }, 60_000);

    it('keeps nothing of what breaks off', async () => {
      const target = new S3Target(store, 'broken/');
      async function* broken(): AsyncGenerator<Buffer> {
        yield randomBytes(9 * MIB);
        throw new Error('the state cannot be read');
      }
      await expect(target.put('broken', broken())).rejects.toThrow('the state cannot be read');
      expect(await target.list()).toEqual([]);
    }, 60_000);

    it(`lists all of ${MANY} files, and the clusters that have an archive`, async () => {
      const { endpoint, bucket, env } = store;
      const place = archivePlace(`s3://${bucket}/many/of them?endpoint=${endpoint}`, env);
      const target = place.target(7);
      const names = Array.from({ length: MANY }, (_, i) => `file-${String(i).padStart(6, '0')}`);
      for (let at = 0; at < MANY; at += 25)
        await Promise.all(names.slice(at, at + 25).map((name) => target.put(name, chunks(Buffer.from(name)))));
      expect(await target.list()).toEqual(names);
      await place.target(0xabcdef).put('one', chunks(Buffer.from('1')));
      expect([...(await place.clusters())].sort((a, b) => a - b)).toEqual([7, 0xabcdef]);
    }, 120_000);

    it('refuses who has no such bucket, in a sentence', async () => {
      const missing = new S3Target({ ...store, bucket: 'no-such-bucket' }, '');
      await expect(missing.list()).rejects.toThrow(/NoSuchBucket/);
    });

    it.runIf(knowsKeys)('refuses who has another key, in a sentence', async () => {
      const stranger = new S3Target({ ...store, identity: { ...store.identity, accessKey: 'another' } }, '');
      await expect(stranger.list()).rejects.toThrow(/InvalidAccessKeyId/);
    });
  });
});
