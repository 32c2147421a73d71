import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCluster } from '../../testing/cluster.js';
import { until } from '../../testing/until.js';
import { openReplica } from '../index.js';
import { listingOf } from './names.js';
import { archivePlace } from './place.js';
import { restoreArchive, verifyArchive } from './restore.js';
import { S3Target } from './s3.js';
import { type S3Server, startS3 } from './s3-server.testkit.js';
import { encodeS3, queryText, signedHeaders } from './s3-signature.js';

const ENV = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret+/key' };
const IDENTITY = { accessKey: 'AKID', secretKey: 'secret+/key', sessionToken: '', region: 'eu-1' };
const dir = mkdtempSync(join(tmpdir(), 'quorate-s3-'));
let server: S3Server;
beforeAll(async () => {
  server = await startS3(IDENTITY);
});
afterAll(async () => {
  await server.close();
  rmSync(dir, { recursive: true });
});
const url = (path: string): string => `s3://backups/${path}?endpoint=${server.endpoint}&region=eu-1`;

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

test('a request is signed as the documentation of AWS signs its example', () => {
  const request = {
    method: 'GET',
    path: '/test.txt',
    query: {},
    headers: { host: 'examplebucket.s3.amazonaws.com', range: 'bytes=0-9' },
    body: Buffer.alloc(0),
  };
  const identity = {
    accessKey: 'AKIAIOSFODNN7EXAMPLE',
    secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    sessionToken: '',
    region: 'us-east-1',
  };
  const { authorization } = signedHeaders(request, identity, new Date('2013-05-24T00:00:00Z'));
  expect(authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,' +
      'SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,' +
      'Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  );
});

test('names and queries are written as signatures need them: all but letters, digits and -._~ as bytes', () => {
  expect(encodeS3("aZ09-._~ /!'()*&=+é")).toBe('aZ09-._~%20%2F%21%27%28%29%2A%26%3D%2B%C3%A9');
  expect(queryText({ b: '2*', 'a c': '', a: 'x=y' })).toBe('a%20c=&a=x%3Dy&b=2%2A');
  expect(queryText({})).toBe('');
});

test('a key that expires is sent with its token, which is signed as well', () => {
  const request = { method: 'GET', path: '/', query: {}, headers: { host: 'h' }, body: Buffer.alloc(0) };
  const at = new Date('2024-02-03T04:05:06.789Z');
  const headers = signedHeaders(request, { ...IDENTITY, sessionToken: 'token' }, at);
  expect([headers['x-amz-security-token'], headers['x-amz-date']]).toEqual(['token', '20240203T040506Z']);
  expect(headers['authorization']).toContain(
    'Credential=AKID/20240203/eu-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,',
  );
  expect(signedHeaders(request, IDENTITY, at)['authorization']).not.toContain('x-amz-security-token');
});

test('files come and go whole, small ones and those that are sent in parts, and all of them are listed', async () => {
  const bucket = { endpoint: server.endpoint, bucket: 'backups', identity: IDENTITY };
  const target = new S3Target(bucket, 'a b/', 4);
  const names = Array.from({ length: 7 }, (_, i) => `file-${i}`);
  for (const name of names) await target.put(name, chunks(name.slice(0, 3)));
  await target.put('parts', chunks('abc', 'def', 'gh', 'ij', 'k'));
  expect(await target.list()).toEqual([...names, 'parts']);
  expect((await target.read('parts')).toString()).toBe('abcdefghijk');
  expect(readFileSync(await target.file('parts', dir), 'utf8')).toBe('abcdefghijk');
  await target.remove('parts');
  await target.remove('parts');
  await expect(target.read('parts')).rejects.toThrow(/NoSuchKey: no & never/);
  // What breaks off leaves neither a file nor parts that cost space.
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('abcdef');
    throw new Error('the state cannot be read');
  }
  await expect(target.put('broken', broken())).rejects.toThrow('the state cannot be read');
  expect([await target.list(), server.uploads.size]).toEqual([names, 0]);
  const stranger = new S3Target({ ...bucket, identity: { ...IDENTITY, secretKey: 'another' } }, '');
  await expect(stranger.list()).rejects.toThrow(/SignatureDoesNotMatch/);
});

test('a cluster is archived in a store, and restored from it', async () => {
  const place = archivePlace(url('clusters/prod'), ENV);
  const cluster = await startCluster({
    config: {
      archive: { target: (id) => place.target(id), intervalMs: 1, baseIntervalMs: 60_000, retentionMs: 0 },
    },
  });
  const put = async (key: string): Promise<number> => {
    const op = { type: 'put', key, value: Buffer.from(key), revisionAt: -1 } as const;
    return (await cluster.replica(0).backend.txn({ compares: [], ops: [op] })).revision;
  };
  try {
    await until(async () => (await place.clusters()).length === 1);
    const [id = 0] = await place.clusters();
    const target = place.target(id);
    await until(async () => listingOf(await target.list()).bases.length === 1);
    const first = await put('k/one');
    const last = await put('k/two');
    await until(async () => listingOf(await target.list()).logs.some((log) => log.revision >= last));
    expect(await verifyArchive(target, {}, mkdtempSync(join(dir, 'verify-')), () => undefined)).toBe(last);
    const dataDir = join(dir, 'restored');
    const options = { dataDir, name: 'r0', address: '127.0.0.1:2380', bumpRevision: 1_000 };
    await restoreArchive(target, { revision: first }, options, mkdtempSync(join(dir, 'scratch-')), () => undefined);
    const replica = await openReplica({ name: 'r0', dataDir });
    try {
      await replica.ready();
      expect(replica.backend.range({ start: 'k/', end: 'k0' }).items.map((item) => item.key)).toEqual(['k/one']);
    } finally {
      await replica.close();
    }
  } finally {
    await cluster.close();
  }
});

test('a place that cannot be one is told in a sentence', () => {
  expect(() => archivePlace('s3://b/p', {})).toThrow(/AWS_ACCESS_KEY_ID/);
  expect(() => archivePlace('s3://b/p?endpoint=http://store.example', ENV)).toThrow(/is not https: an archive holds/);
  expect(() => archivePlace('s3://b/p?endpoint=nowhere', ENV)).toThrow(/is no URL of a store/);
  expect(() => archivePlace('/var/backups', ENV)).toThrow(/is no place for an archive/);
});
