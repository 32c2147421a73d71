import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { up } from './local-cluster.js';

const dir = mkdtempSync(join(tmpdir(), 'quorate-up-'));
afterAll(() => rmSync(dir, { recursive: true }));
/** In the place of quorate: a program that ends at once. */
const command = [process.execPath, '-e', 'process.exit(1)'] as const;

test('ports that cannot be are refused before anything is made', async () => {
  const nowhere = join(dir, 'ports');
  await expect(up({ dir: nowhere, port: 64_000, command })).rejects.toThrow(/needs ports up to 66002/);
  await expect(up({ dir: nowhere, replicas: 1001, command })).rejects.toThrow(/--replicas is at most 1000/);
  expect(existsSync(nowhere)).toBe(false);
});

test('serve flags with which no replica started are not kept for the next time', async () => {
  const home = join(dir, 'flags');
  const options = { dir: home, replicas: 1, port: 25_040, command };
  await expect(up({ ...options, serveFlags: ['--no-such-flag'] })).rejects.toThrow(/r1 ended by itself/);
  expect(JSON.parse(readFileSync(join(home, 'cluster.json'), 'utf8'))).toEqual({
    replicas: 1,
    port: 25_040,
    serveFlags: [],
  });
});
