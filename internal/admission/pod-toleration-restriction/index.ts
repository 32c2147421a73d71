import { child, children, str } from '../../machinery/access.js';
import { isObject, type JsonObject, type JsonValue } from '../../machinery/json.js';
import { podQosClass } from '../../machinery/pod-qos.js';
import { notFound, StatusError } from '../../machinery/status.js';
import { checkFields, checkKind } from '../../schema/codec/configuration.js';
import { isOfPods } from '../of-pods.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, PluginParts } from '../types.js';
import { areAllowed, mergeTolerations } from './tolerations.js';

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations';
const ALLOWED = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist';
const API_VERSION = 'podtolerationrestriction.admission.k8s.io/v1alpha1';

/** Tolerations that a namespace's annotation holds as JSON; undefined without the annotation. Throws 500 for what is none. */
function tolerationsIn(namespace: JsonObject, annotation: string): JsonObject[] | undefined {
  const text = child(child(namespace, 'metadata'), 'annotations')?.[annotation];
  if (typeof text !== 'string') return undefined;
  if (text === '') return [];
  let list: JsonValue;
  try {
    list = JSON.parse(text) as JsonValue;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new StatusError(
      500,
      '',
      `the annotation ${annotation} of the namespace is no list of tolerations: ${error.message}`,
    );
  }
  if (list === null) return [];
  if (Array.isArray(list) && list.every(isObject)) return list;
  throw new StatusError(500, '', `the annotation ${annotation} of the namespace is no list of tolerations`);
}

async function namespaceOf(ctx: AdmissionContext, a: AdmissionAttributes): Promise<JsonObject> {
  let namespace = ctx.namespaceObject();
  if (namespace === undefined) {
    await ctx.reader.catchUp();
    namespace = ctx.namespaceObject();
  }
  if (namespace === undefined) throw notFound({ group: '', resource: 'namespaces' }, a.namespace);
  return namespace;
}

/**
 * Pods get the tolerations that their namespace has as a default and may have no others than it allows; the configuration
 * holds for namespaces that say nothing (plugin PodTolerationRestriction).
 */
export function podTolerationRestriction({ configuration }: PluginParts): AdmissionPlugin {
  if (configuration !== undefined) {
    const { object, path } = configuration;
    checkKind(object, path, 'Configuration', [API_VERSION]);
    checkFields(object, path, '', ['apiVersion', 'kind', 'default', 'whitelist']);
  }
  const clusterDefaults = children(configuration?.object, 'default');
  const clusterAllowed = children(configuration?.object, 'whitelist');

  async function check(ctx: AdmissionContext, a: AdmissionAttributes): Promise<void> {
    const tolerations = children(child(a.object, 'spec'), 'tolerations');
    if (tolerations.length === 0) return;
    const own = tolerationsIn(await namespaceOf(ctx, a), ALLOWED);
    if (areAllowed(tolerations, own ?? clusterAllowed)) return;
    const scope = own === undefined ? 'cluster' : 'namespace';
    throw new StatusError(
      500,
      '',
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${scope} whitelist`,
    );
  }

  return {
    name: 'PodTolerationRestriction',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    async admit(ctx, a) {
      const spec = child(a.object, 'spec');
      if (a.object === undefined || spec === undefined || !isOfPods(a)) return;
      const extra: JsonObject[] = [];
      if (a.operation === 'CREATE') {
        extra.push(
          ...(tolerationsIn(await namespaceOf(ctx, a), DEFAULTS) ?? clusterDefaults).slice(0, TOLERATIONS_MAX),
        );
      }
      const qos = str(child(a.object, 'status'), 'qosClass');
      if ((qos === '' ? podQosClass(a.object) : qos) !== 'BestEffort') {
        extra.push({ key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' });
      }
      if (extra.length > 0) spec['tolerations'] = mergeTolerations(children(spec, 'tolerations'), extra);
      await check(ctx, a);
    },
    validate: (ctx, a) => (a.object === undefined || !isOfPods(a) ? undefined : check(ctx, a)),
  };
}

/** Tolerations of an annotation that are looked at; more do not fit into a namespace's annotations by far. */
const TOLERATIONS_MAX = 10_000;
