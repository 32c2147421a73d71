import { Histograms } from '../machinery/histogram.js';
import type { Operation } from './types.js';

/** kube-apiserver's buckets of both, in seconds. */
const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

const steps = new Histograms(
  'apiserver_admission_step_admission_duration_seconds',
  'Admission sub-step latency histogram in seconds, broken out for each operation and API resource and step type (validate or admit).',
  SECONDS,
);
const controllers = new Histograms(
  'apiserver_admission_controller_admission_duration_seconds',
  'Admission controller latency histogram in seconds, identified by name and broken out for each operation and API resource and type (validate or admit).',
  SECONDS,
);

/** Where one plugin, or all of one phase, are observed. What is never observed is not shown. */
export interface Durations {
  accepted(ms: number): void;
  rejected(ms: number): void;
}

function durationsOf(histograms: Histograms, labels: (rejected: string) => string): Durations {
  const series: { [rejected: string]: Float64Array | undefined } = {};
  const observe = (rejected: string, ms: number): void => {
    series[rejected] ??= histograms.seriesOf(labels(rejected));
    histograms.observe(series[rejected], ms / 1000);
  };
  return { accepted: (ms) => observe('false', ms), rejected: (ms) => observe('true', ms) };
}

/** Those of one plugin in one phase. */
export const pluginDurations = (name: string, operation: Operation, type: string): Durations =>
  durationsOf(controllers, (no) => `name="${name}",operation="${operation}",rejected="${no}",type="${type}"`);

/** Those of a whole phase. */
export const stepDurations = (operation: Operation, type: string): Durations =>
  durationsOf(steps, (no) => `operation="${operation}",rejected="${no}",type="${type}"`);

/** Prometheus text format. */
export function* admissionDurations(): Generator<string> {
  yield* steps.render();
  yield* controllers.render();
}
