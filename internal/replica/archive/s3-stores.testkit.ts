import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { says } from '../../testing/e2e/says.js';
import { S3Client } from './s3-client.js';
import type { S3Identity } from './s3-signature.js';

/** An S3-compatible store that others made, as a process of its own on the loopback, with one bucket. */
export interface S3Store {
  readonly endpoint: string;
  readonly bucket: string;
  readonly identity: S3Identity;
  /** The environment in which `--archive-to` reads its keys. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends the process, and removes what it holds. */
  readonly close: () => Promise<void>;
}

/** A kind of store that can be started here. */
export interface S3StoreKind {
  readonly name: string;
  /** Does it refuse keys that it did not hand out? */
  readonly knowsKeys: boolean;
  readonly start: () => Promise<S3Store>;
}

const BUCKET = 'backups';
const REGION = 'us-east-1';
/** Folder in which `npm install s3rver` was run (CI does so); it is too large for a development dependency. */
const S3RVER = join(process.env['QUORATE_S3RVER'] ?? '/nowhere', 'node_modules/s3rver/bin/s3rver.js');
const hasMoto = spawnSync('moto_server', ['--help'], { stdio: 'ignore' }).status === 0;

/**
 * The stores that are installed here. Neither checks a signature of version 4 (s3.test.ts has the example of AWS); s3rver
 * knows whose keys there are, and moto is held to much of what AWS refuses.
 */
export const S3_STORES: readonly S3StoreKind[] = [
  ...(existsSync(S3RVER) ? [{ name: 's3rver', knowsKeys: true, start: startS3rver }] : []),
  ...(hasMoto ? [{ name: 'moto', knowsKeys: false, start: startMoto }] : []),
];

async function startS3rver(): Promise<S3Store> {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-s3rver-'));
  const args = ['-d', dir, '-a', '127.0.0.1', '-p', '0', '--no-vhost-buckets', '--configure-bucket', BUCKET];
  // What it hands out to go on listing with is made with a cipher that Node offers only so.
  const node = [process.execPath, '--openssl-legacy-provider', S3RVER] as const;
  const child = spawn(node[0], [...node.slice(1), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [, port = ''] = await says(child, /listening on \S*:(\d+)/i);
  return storeOf(child, port, 'S3RVER', () => rmSync(dir, { recursive: true, force: true }));
}

async function startMoto(): Promise<S3Store> {
  const child = spawn('moto_server', ['-H', '127.0.0.1', '-p', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [, port = ''] = await says(child, /Running on http:\/\/127\.0\.0\.1:(\d+)/);
  const store = storeOf(child, port, 'testing', () => undefined);
  await new S3Client(store).ask('PUT', '');
  return store;
}

function storeOf(child: ChildProcess, port: string, keys: string, remove: () => void): S3Store {
  // Nobody reads what it says of each request, and a full pipe would stop it.
  for (const stream of [child.stdout, child.stderr]) stream?.resume();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    bucket: BUCKET,
    identity: { accessKey: keys, secretKey: keys, sessionToken: '', region: REGION },
    env: { AWS_ACCESS_KEY_ID: keys, AWS_SECRET_ACCESS_KEY: keys },
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      remove();
    },
  };
}
