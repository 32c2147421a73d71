import fs from 'node:fs';
import path from 'node:path';
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Figure } from './load.js';

/** The median run of one case against one target. */
export interface Row {
  readonly name: string;
  readonly target: string;
  readonly figure: Figure;
  readonly runs: number;
  /** CPU time of all replicas per answer, in microseconds: what noise from other programs changes least. */
  readonly cpuUs: number;
  /** Bytes that all replicas gave to the disk for each answer (`write_bytes` of /proc/PID/io). */
  readonly bytesEach: number;
}

/** The middle value; of two middle ones the lower. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

/** The figures of which each is the median over the runs. */
export function medianFigure(runs: readonly Figure[]): Figure {
  return {
    count: median(runs.map((r) => r.count)),
    perSecond: median(runs.map((r) => r.perSecond)),
    p50Ms: median(runs.map((r) => r.p50Ms)),
    p99Ms: median(runs.map((r) => r.p99Ms)),
    errors: runs.reduce((n, r) => n + r.errors, 0),
  };
}

export function table(rows: readonly Row[]): string {
  const lines = rows.map((r) => [
    r.name,
    r.target,
    r.figure.perSecond.toFixed(r.figure.perSecond < 100 ? 1 : 0),
    r.figure.p50Ms.toFixed(1),
    r.figure.p99Ms.toFixed(1),
    r.cpuUs.toFixed(0),
    r.bytesEach.toFixed(0),
    String(r.figure.errors),
  ]);
  const all = [
    ['case', 'target', 'per second', 'p50 ms', 'p99 ms', 'CPU us each', 'bytes written each', 'errors'],
    ...lines,
  ];
  const widths = all[0]?.map((_, i) => Math.max(...all.map((l) => l[i]?.length ?? 0))) ?? [];
  return all
    .map((l) => l.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  '))
    .join('\n');
}

/** Writes an SVG bar chart of throughput by case and target. */
export async function plot(rows: readonly Row[], file: string): Promise<void> {
  const spec: TopLevelSpec = {
    data: { values: rows.map((r) => ({ case: r.name, target: r.target, rate: r.figure.perSecond })) },
    mark: 'bar',
    width: 480,
    height: { step: 16 },
    encoding: {
      y: { field: 'case', type: 'nominal', sort: null, title: null },
      yOffset: { field: 'target', type: 'nominal', sort: null },
      x: { field: 'rate', type: 'quantitative', scale: { type: 'symlog' }, title: 'per second (median)' },
      color: { field: 'target', type: 'nominal', sort: null, title: null },
    },
  };
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, await view.toSVG());
  view.finalize();
}
