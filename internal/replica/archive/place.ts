import { isIP } from 'node:net';
import { fileURLToPath } from 'node:url';
import { FatalError } from '../../machinery/assert.js';
import { directoriesIn, DirectoryTarget } from './directory.js';
import type { S3Bucket } from './s3-client.js';
import { S3Target } from './s3.js';
import type { ArchiveTarget } from './target.js';

/** Where the archives of clusters lie, one below the other. */
export interface ArchivePlace {
  /** The directory; undefined in a store. */
  readonly root: string | undefined;
  target(cluster: number): ArchiveTarget;
  /** The clusters that have an archive here. Rejects where the place cannot be read. */
  clusters(): Promise<readonly number[]>;
}

/** What a cluster's archive is called. */
export const clusterDirectory = (cluster: number): string => cluster.toString(16).padStart(12, '0');

const clustersOf = (names: readonly string[]): number[] =>
  names.filter((name) => /^[0-9a-f]{12}$/.test(name)).map((name) => Number.parseInt(name, 16));

/**
 * The place that a URL names: `file:///directory`, or `s3://bucket/prefix?endpoint=https://host&region=name`, with the keys
 * that AWS's own tools take from the environment. Throws FatalError for another URL, and without keys.
 */
export function archivePlace(url: string, env: Readonly<Record<string, string | undefined>>): ArchivePlace {
  if (url.startsWith('s3://')) return store(url, env);
  try {
    if (url.startsWith('file:///')) return directory(fileURLToPath(url));
  } catch (error) {
    throw new FatalError(`${JSON.stringify(url)} names no directory: ${String(error)}`);
  }
  throw new FatalError(
    `${JSON.stringify(url)} is no place for an archive: write e.g. file:///var/backups/quorate or s3://bucket/prefix?endpoint=https://host`,
  );
}

function directory(root: string): ArchivePlace {
  return {
    root,
    target: (cluster) => new DirectoryTarget(root, clusterDirectory(cluster)),
    clusters: async () => clustersOf(await directoriesIn(root)),
  };
}

function store(url: string, env: Readonly<Record<string, string | undefined>>): ArchivePlace {
  const bucket = bucketOf(url, env);
  const path = decodeURIComponent(new URL(url).pathname).replaceAll(/^\/+|\/+$/g, '');
  const prefix = path === '' ? '' : `${path}/`;
  return {
    root: undefined,
    target: (cluster) => new S3Target(bucket, `${prefix}${clusterDirectory(cluster)}/`),
    clusters: async () => clustersOf(await new S3Target(bucket, prefix).directories()),
  };
}

function bucketOf(url: string, env: Readonly<Record<string, string | undefined>>): S3Bucket {
  let parsed: URL;
  let endpoint: URL;
  const region = (): string => parsed.searchParams.get('region') ?? env['AWS_REGION'] ?? 'us-east-1';
  try {
    parsed = new URL(url);
    endpoint = new URL(
      parsed.searchParams.get('endpoint') ?? env['AWS_ENDPOINT_URL'] ?? `https://s3.${region()}.amazonaws.com`,
    );
  } catch (error) {
    throw new FatalError(`${JSON.stringify(url)} is no URL of a store: ${String(error)}`);
  }
  const isLocal =
    endpoint.hostname === '[::1]' || (isIP(endpoint.hostname) === 4 && endpoint.hostname.startsWith('127.'));
  if (endpoint.protocol !== 'https:' && !(endpoint.protocol === 'http:' && isLocal))
    throw new FatalError(`${endpoint.origin} is not https: an archive holds all Secrets, and would be sent readable`);
  const [accessKey, secretKey] = [env['AWS_ACCESS_KEY_ID'] ?? '', env['AWS_SECRET_ACCESS_KEY'] ?? ''];
  if (accessKey === '' || secretKey === '')
    throw new FatalError(`${url} needs keys: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment`);
  const sessionToken = env['AWS_SESSION_TOKEN'] ?? '';
  return {
    endpoint: endpoint.origin,
    bucket: parsed.hostname,
    identity: { accessKey, secretKey, sessionToken, region: region() },
  };
}
