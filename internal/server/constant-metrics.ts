/** Metrics of kube-apiserver that count what cannot happen here; they are there for whoever looks for them. */
const ALWAYS_ZERO: readonly (readonly [name: string, help: string])[] = [
  ['disabled_metrics_total', 'The count of disabled metrics.'],
  ['hidden_metrics_total', 'The count of hidden metrics.'],
  // Every rule is written once: there is no second validation that could say something else.
  [
    'apiserver_validation_declarative_validation_mismatch_total',
    'Number of times declarative validation results differed from handwritten validation results for core types.',
  ],
  [
    'apiserver_validation_declarative_validation_panic_total',
    'Number of times declarative validation has panicked during validation.',
  ],
];

/** Prometheus text format. */
export const constantMetrics: string = ALWAYS_ZERO.map(
  ([name, help]) => `# HELP ${name} ${help}\n# TYPE ${name} counter\n${name} 0\n`,
).join('');
