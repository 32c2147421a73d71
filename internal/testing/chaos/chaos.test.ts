import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REAL_BUGS } from './harness/bugs.js';
import { freeBase } from '../ports.js';
import { buildWithBugs } from './harness/program.js';
import { type RunOptions, type RunResult, runChaos } from './harness/run.js';
import { FAULT_KINDS, schedule } from './harness/schedule.js';

describe('the schedule of faults', () => {
  const options = { seed: 7, epoch: 2, lengthMs: 40_000, kinds: FAULT_KINDS };

  it('is always the same for a seed, and ends within the epoch', () => {
    const faults = schedule(options);
    expect(schedule(options)).toEqual(faults);
    expect(schedule({ ...options, epoch: 3 })).not.toEqual(faults);
    expect(faults.length).toBeGreaterThan(3);
    expect(faults.filter((fault) => fault.at + fault.durationMs > 40_000)).toEqual([]);
  });

  it('gives every kind its turn before any has a second one', () => {
    const kinds = Array.from({ length: 20 }, (_, i) => schedule({ ...options, epoch: i + 1 })).flatMap((faults) =>
      faults.map((fault) => fault.kind),
    );
    const counts = FAULT_KINDS.map((kind) => kinds.filter((k) => k === kind).length);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    expect(Math.min(...counts)).toBeGreaterThan(2);
  });
});

describe('chaos on real processes', () => {
  let dir = '';
  let basePort = 0;
  const lines: string[] = [];
  beforeEach(async () => {
    basePort = await freeBase(Array.from({ length: 60 }, (_, i) => i));
    lines.length = 0;
    dir = mkdtempSync(path.join(os.tmpdir(), 'quorate-chaos-test-'));
  });
  afterEach(({ task }) => {
    if (task.result?.state !== 'fail') rmSync(dir, { recursive: true, force: true });
  });

  function run(options: Partial<RunOptions>): Promise<RunResult> {
    return runChaos({
      seed: 20261,
      replicas: 3,
      dir,
      basePort,
      lengthMs: 0, // one epoch
      epochMs: 25_000,
      clients: 8,
      keys: 4,
      thinkMs: 30,
      kinds: FAULT_KINDS,
      say: (text) => lines.push(text),
      ...options,
    });
  }

  it('three replicas keep every promise', { timeout: 900_000 }, async () => {
    const { violations, report, stats, skipped } = await run({});
    for (const text of skipped) process.stdout.write(`skipped: ${text}\n`);
    expect(violations, `${lines.join('\n')}\n${report}`).toEqual([]);
    expect(stats.acknowledgedWrites).toBeGreaterThan(10);
    expect(stats.watchEvents).toBeGreaterThan(10);
  });

  it('stale reads and repeated events of real replicas are found', { timeout: 900_000 }, async () => {
    const program = await buildWithBugs(['get-from-the-own-state', 'watch-resumes-too-early']);
    const wanted = ['linearizability', 'unique'];
    const missing = (found: readonly { readonly property: string }[]): string[] =>
      wanted.filter((property) => !found.some((violation) => violation.property === property));
    try {
      // Slow links keep followers behind; as many epochs as it takes, though one does.
      const { violations } = await run({
        program: program.file,
        kinds: ['delay'],
        epochMs: 8_000,
        lengthMs: 120_000,
        enough: (found) => missing(found).length === 0,
      });
      expect(missing(violations), lines.join('\n')).toEqual([]);
    } finally {
      program.remove();
    }
  });

  it('there are bugs to try of both sides, each with a name of its own', () => {
    const names = REAL_BUGS.map((bug) => bug.name);
    expect(new Set(names).size).toBe(names.length);
    expect(REAL_BUGS.some((bug) => bug.file.startsWith('rest/'))).toBe(true);
    expect(REAL_BUGS.some((bug) => bug.file.startsWith('raft/'))).toBe(true);
  });
});
