import { compile, DYN, fromJson, kubernetesEnvironment, Program } from '../internal/cel/index.js';

/* How many evaluations of simple expressions one processor makes in a second: npx tsx bench/cel.ts */

const TIMES = 300_000;
const EXPRESSIONS = [
  'object.spec.replicas <= 5',
  "has(object.metadata.labels) && object.metadata.labels['app'] == 'a'",
  "object.spec.replicas <= 5 && object.metadata.labels.all(k, k.startsWith('a'))",
];

const env = kubernetesEnvironment({ variables: new Map([['object', DYN]]) });
const object = fromJson({ spec: { replicas: 3 }, metadata: { labels: { app: 'a', abc: 'b' } } });

for (const text of EXPRESSIONS) {
  const program = compile(text, env);
  if (!(program instanceof Program)) throw new Error(program.message);
  for (let warm = 0; warm < TIMES; warm++) program.evaluateSync(() => object);
  const started = process.cpuUsage();
  for (let i = 0; i < TIMES; i++) program.evaluateSync(() => object);
  const { user, system } = process.cpuUsage(started);
  console.log(`${Math.round((TIMES * 1e6) / (user + system))} a second: ${text}`);
}
