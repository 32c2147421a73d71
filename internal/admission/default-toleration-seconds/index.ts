import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { mutating } from '../mutating.js';
import type { PluginFactory } from '../types.js';

/** How long pods stay on a node that is lost, in seconds, unless they say otherwise. */
export interface TolerationSeconds {
  /** `--default-not-ready-toleration-seconds` */
  readonly notReady: number;
  /** `--default-unreachable-toleration-seconds` */
  readonly unreachable: number;
}
const FIVE_MINUTES: TolerationSeconds = { notReady: 300, unreachable: 300 };

function addTolerations(pod: JsonObject, { notReady, unreachable }: TolerationSeconds): void {
  const spec = child(pod, 'spec');
  if (spec === undefined) return;
  const tolerations = children(spec, 'tolerations');
  const tolerates = (key: string): boolean =>
    tolerations.some(
      (t) =>
        (str(t, 'key') === key || str(t, 'key') === '') &&
        (str(t, 'effect') === 'NoExecute' || str(t, 'effect') === ''),
    );
  const wanted: readonly (readonly [key: string, seconds: number])[] = [
    ['node.kubernetes.io/not-ready', notReady],
    ['node.kubernetes.io/unreachable', unreachable],
  ];
  const missing = wanted.filter(([key]) => !tolerates(key));
  if (missing.length === 0) return;
  spec['tolerations'] = [
    ...tolerations,
    ...missing.map(([key, tolerationSeconds]) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds })),
  ];
}

/** Pods leave a lost node after some time: five minutes, or what flags say (plugin DefaultTolerationSeconds). */
export const defaultTolerationSeconds: PluginFactory = ({ tolerationSeconds = FIVE_MINUTES }) =>
  mutating('DefaultTolerationSeconds', ['CREATE', 'UPDATE'], {
    group: '',
    resource: 'pods',
    change: (_ctx, pod) => addTolerations(pod, tolerationSeconds),
  });
