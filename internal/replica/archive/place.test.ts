import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FatalError } from '../../machinery/assert.js';
import { archivePlace, clusterDirectory } from './place.js';
import { startS3 } from './s3-server.testkit.js';

const KEYS = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
const failure = (url: string, env: Record<string, string> = KEYS): string => {
  try {
    archivePlace(url, env);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(FatalError);
    return (error as Error).message;
  }
};

describe('the place of archives', () => {
  it('is a directory, in which each cluster has one of its own', async () => {
    const root = mkdtempSync(join(tmpdir(), 'quorate-place-'));
    try {
      const place = archivePlace(pathToFileURL(root).href, {});
      expect(place.root).toBe(root);
      expect(await place.target(0xabc).list()).toEqual([]);
      await place.target(0xabc).put('x', bytes());
      for (const name of ['00000000abcd', '00000000abcg', '0000000000abc', '0000000000a', 'x00000000abcd']) {
        mkdirSync(join(root, name));
      }
      expect((await place.clusters()).toSorted((a, b) => a - b)).toEqual([0xabc, 0xabcd]);
      expect(await place.target(0xabc).list()).toEqual(['x']);
      await expect(archivePlace('file:///nowhere/at/all', {}).clusters()).rejects.toThrow(
        /^the archive \/nowhere\/at\/all cannot be read: ENOENT/,
      );
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
    expect([clusterDirectory(0xabc), clusterDirectory(2 ** 48 - 1)]).toEqual(['000000000abc', 'ffffffffffff']);
  });

  it('is named by the URL of a directory or of a store, and by nothing else', () => {
    const none = (url: string): string =>
      `"${url}" is no place for an archive: write e.g. file:///var/backups/quorate or s3://bucket/prefix?endpoint=https://host`;
    for (const url of [
      '/var/backups',
      'file://var/backups',
      'http://host/',
      's3:/bucket',
      'xs3://b',
      'xfile:///x',
      '',
    ]) {
      expect(failure(url)).toBe(none(url));
    }
    expect(failure('file:///a%2Fb')).toMatch(/^"file:\/\/\/a%2Fb" names no directory: /);
    expect(failure('s3://b?endpoint=host')).toMatch(/^"s3:\/\/b\?endpoint=host" is no URL of a store: /);
  });

  it('is never a store over plain HTTP, but for one on this machine', () => {
    const plain = (origin: string): string =>
      `${origin} is not https: an archive holds all Secrets, and would be sent readable`;
    for (const origin of [
      'http://10.0.0.1',
      'http://localhost:9000',
      'http://127.0.0.1.example',
      'http://[::2]',
      'ftp://127.0.0.1',
    ])
      expect(failure(`s3://bucket?endpoint=${origin}`)).toBe(
        plain(origin.startsWith('ftp') ? 'ftp://127.0.0.1' : origin),
      );
    for (const origin of [
      'http://127.0.0.1:9000',
      'http://127.9.9.9',
      'http://[::1]:9000',
      'https://10.0.0.1',
      'https://s3',
    ])
      expect(failure(`s3://bucket?endpoint=${origin}`)).toBe('');
    expect(failure('s3://bucket', { ...KEYS, AWS_ENDPOINT_URL: 'http://10.0.0.1' })).toBe(plain('http://10.0.0.1'));
    expect(failure('s3://bucket', KEYS)).toBe('');
    expect(failure('s3://bucket?endpoint=https://host', { ...KEYS, AWS_ENDPOINT_URL: 'http://10.0.0.1' })).toBe('');
  });

  it('is a store only with both keys', () => {
    const text = 's3://bucket needs keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment';
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
      expect(failure('s3://bucket', { ...KEYS, [name]: '' })).toBe(text);
    }
    expect(failure('s3://bucket', {})).toBe(text);
    expect(archivePlace('s3://bucket/a/b', KEYS).root).toBeUndefined();
  });
});

describe('a place in a store', () => {
  it('is below a prefix, however many slashes stand around it, and shows the clusters there', async () => {
    const identity = { accessKey: 'key', secretKey: 'secret', sessionToken: '', region: 'us-east-1' };
    const server = await startS3(identity);
    try {
      const place = (path: string) => archivePlace(`s3://bucket${path}?endpoint=${server.endpoint}`, KEYS);
      const below = (prefix: string, cluster: string): string => `bucket/${prefix}${cluster}/x`;
      for (const [path, prefix] of [
        ['', ''],
        ['/', ''],
        ['/a', 'a/'],
        ['//a/b//', 'a/b/'],
        ['/a%20(b)*c%2B/', 'a (b)*c+/'],
        ["/it's/!", "it's/!/"],
      ] as const) {
        server.objects.clear();
        await place(path).target(0xabc).put('x', bytes());
        expect([...server.objects.keys()]).toEqual([below(prefix, '000000000abc')]);
        for (const name of ['00000000abcd', '00000000abcg', 'x00000000abcd']) {
          server.objects.set(below(prefix, name), Buffer.from('x'));
        }
        expect((await place(path).clusters()).toSorted((a, b) => a - b)).toEqual([0xabc, 0xabcd]);
        expect(await place(path).target(0xabc).list()).toEqual(['x']);
      }
    } finally {
      await server.close();
    }
  });
});

async function* bytes(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from('x'));
}
