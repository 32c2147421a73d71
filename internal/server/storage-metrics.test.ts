import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { storageMetrics } from './storage-metrics.js';

test('the size of the state is that of its files, whatever lies beside them, and 0 before there is one', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'storage-'));
  const registry = new Registry();
  storageMetrics(registry, join(dir, 'data'));
  const size = async (): Promise<string> => {
    const text = await registry.metrics();
    return /^apiserver_storage_size_bytes\{storage_cluster_id="etcd-0"\} (\d+)$/m.exec(text)?.[1] ?? text;
  };
  expect(await size()).toBe('0');
  for (const name of ['log', 'state', 'state-2']) mkdirSync(join(dir, 'data', name), { recursive: true });
  writeFileSync(join(dir, 'data/lock'), 'a file');
  writeFileSync(join(dir, 'data/state/data.mdb'), Buffer.alloc(100));
  writeFileSync(join(dir, 'data/state-2/data.mdb'), Buffer.alloc(11));
  expect(await size()).toBe('111');
  rmSync(dir, { recursive: true });
});
