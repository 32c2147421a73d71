import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { runChaos } from './harness/run.js';
import { FAULT_KINDS, schedule } from './harness/schedule.js';

describe('chaos on real processes', () => {
  it('a seed always gives the same faults, within the epoch', () => {
    const options = { seed: 7, epoch: 2, lengthMs: 40_000, kinds: FAULT_KINDS };
    const faults = schedule(options);
    expect(schedule(options)).toEqual(faults);
    expect(schedule({ ...options, epoch: 3 })).not.toEqual(faults);
    expect(faults.length).toBeGreaterThan(3);
    expect(faults.filter((fault) => fault.at + fault.durationMs > 40_000)).toEqual([]);
  });

  it('three replicas keep every promise for a minute', { timeout: 900_000 }, async () => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'quorate-chaos-test-'));
    const lines: string[] = [];
    const { violations, report, stats } = await runChaos({
      seed: 20261,
      replicas: 3,
      dir,
      basePort: 32600,
      lengthMs: 0, // one epoch
      epochMs: 50_000,
      clients: 8,
      keys: 4,
      thinkMs: 30,
      kinds: FAULT_KINDS,
      say: (text) => lines.push(text),
    });
    expect(violations, `${lines.join('\n')}\n${report}`).toEqual([]);
    expect(stats.acknowledgedWrites).toBeGreaterThan(50);
    expect(stats.watchEvents).toBeGreaterThan(50);
    rmSync(dir, { recursive: true, force: true });
  });
});
