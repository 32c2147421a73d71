import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { mutating } from '../mutating.js';

/** `--default-not-ready-toleration-seconds` and `--default-unreachable-toleration-seconds`. */
const TOLERATION_SECONDS = 300;
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

/** Pods stay five minutes on a node that is lost, unless they say otherwise (plugin DefaultTolerationSeconds). */
function admitDefaultTolerationSeconds(pod: JsonObject): void {
  const spec = child(pod, 'spec');
  if (spec === undefined) return;
  const tolerations = children(spec, 'tolerations');
  const tolerates = (key: string): boolean =>
    tolerations.some(
      (t) =>
        (str(t, 'key') === key || str(t, 'key') === '') &&
        (str(t, 'effect') === 'NoExecute' || str(t, 'effect') === ''),
    );
  const missing = KEYS.filter((key) => !tolerates(key));
  if (missing.length === 0) return;
  spec['tolerations'] = [
    ...tolerations,
    ...missing.map((key) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: TOLERATION_SECONDS })),
  ];
}

/** Pods leave a lost node after five minutes. */
export const defaultTolerationSeconds = mutating('DefaultTolerationSeconds', ['CREATE', 'UPDATE'], {
  group: '',
  resource: 'pods',
  change: (_ctx, pod) => admitDefaultTolerationSeconds(pod),
});
