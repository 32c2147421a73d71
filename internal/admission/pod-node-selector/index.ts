import { child, ensureChild, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { labelValue, qualifiedName } from '../../machinery/names.js';
import { forbidden, notFound, StatusError } from '../../machinery/status.js';
import { isOfPods } from '../of-pods.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, PluginParts } from '../types.js';

type Labels = ReadonlyMap<string, string>;

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector';
const CLUSTER_DEFAULT = 'clusterDefaultNodeSelector';

/** Labels from `key=value,key=value` (labels.ConvertSelectorToLabelsMap). Throws the 500 that kube-apiserver answers. */
function labelsIn(selector: string): Labels {
  const labels = new Map<string, string>();
  if (selector === '') return labels;
  for (const part of selector.split(',')) {
    const pair = part.split('=');
    if (pair.length !== 2) throw new StatusError(500, '', `invalid selector: [${pair.join(' ')}]`);
    const [key = '', value = ''] = pair.map((text) => text.trim());
    const problems = [...qualifiedName(key), ...labelValue(value)];
    if (problems.length > 0) throw new StatusError(500, '', `invalid selector: ${problems.join('; ')}`);
    labels.set(key, value);
  }
  return labels;
}

function nodeSelectorOf(pod: JsonObject): Labels {
  const selector = child(child(pod, 'spec'), 'nodeSelector');
  return new Map(Object.keys(selector ?? {}).map((key) => [key, str(selector, key)]));
}

const conflict = (a: Labels, b: Labels): boolean => [...a].some(([key, value]) => b.has(key) && b.get(key) !== value);

/**
 * Pods get the node selector of their namespace, or the cluster's default, beside their own, which must not say otherwise
 * and may have only the labels that the configuration allows the namespace (plugin PodNodeSelector).
 */
export function podNodeSelector({ configuration }: PluginParts): AdmissionPlugin {
  const configured = child(configuration?.object, 'podNodeSelectorPluginConfig');

  async function ofNamespace(ctx: AdmissionContext, a: AdmissionAttributes): Promise<Labels> {
    if (ctx.namespaceObject() === undefined) await ctx.reader.catchUp();
    const namespace = ctx.namespaceObject();
    if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces' }, a.namespace);
    const annotated = child(child(namespace, 'metadata'), 'annotations')?.[ANNOTATION];
    return labelsIn(typeof annotated === 'string' ? annotated : str(configured, CLUSTER_DEFAULT));
  }

  const refuse = (a: AdmissionAttributes, why: string): StatusError =>
    forbidden(a.def, str(child(a.object, 'metadata'), 'name'), why);

  function check(a: AdmissionAttributes, pod: JsonObject, namespace: Labels): void {
    const own = nodeSelectorOf(pod);
    if (conflict(namespace, own)) {
      throw refuse(a, 'pod node label selector conflicts with its namespace node label selector');
    }
    const allowed = labelsIn(a.namespace === CLUSTER_DEFAULT ? '' : str(configured, a.namespace));
    if (allowed.size > 0 && [...own].some(([key, value]) => allowed.get(key) !== value)) {
      throw refuse(a, 'pod node label selector labels conflict with its namespace whitelist');
    }
  }

  return {
    name: 'PodNodeSelector',
    handles: (operation) => operation === 'CREATE',
    async admit(ctx, a) {
      if (a.object === undefined || !isOfPods(a)) return;
      const namespace = await ofNamespace(ctx, a);
      const own = nodeSelectorOf(a.object);
      if (conflict(namespace, own)) {
        throw refuse(a, 'pod node label selector conflicts with its namespace node label selector');
      }
      const selector = ensureChild(ensureChild(a.object, 'spec'), 'nodeSelector');
      for (const [key, value] of namespace) selector[key] = value;
      check(a, a.object, namespace);
    },
    async validate(ctx, a) {
      if (a.object === undefined || !isOfPods(a)) return;
      check(a, a.object, await ofNamespace(ctx, a));
    },
  };
}
