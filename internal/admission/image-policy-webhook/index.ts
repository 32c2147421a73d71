import { Lru } from '../../auth/lru.js';
import { postReview } from '../../callout/index.js';
import { child, children, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import { logger } from '../../machinery/log.js';
import { emptyRecord } from '../../machinery/record.js';
import { admissionForbidden } from '../forbidden.js';
import type { AdmissionAttributes, AdmissionContext, AdmissionPlugin, PluginParts } from '../types.js';
import { imagePolicyConfig } from './configuration.js';

const log = logger('image-policy-webhook');
const API_VERSION = 'imagepolicy.k8s.io/v1alpha1';
const ANNOTATIONS = '.image-policy.k8s.io/';
const AUDIT = 'imagepolicywebhook.image-policy.k8s.io/';
/** Answers that are remembered, and the time of one attempt, as in kube-apiserver. */
const CACHED = 1024;
const TIMEOUT_MS = 30_000;
/** A longer question is asked each time, and so is one with a longer answer. */
const MAX_TEXT = 64 * 1024;

/**
 * A webhook says whether pods may run their images (plugin ImagePolicyWebhook). Its answers are remembered; when it cannot
 * be asked, the configuration's `defaultAllow` decides.
 */
export function imagePolicyWebhook({ configuration, kubeconfigServer }: PluginParts): AdmissionPlugin {
  const config = imagePolicyConfig(configuration);
  const server = kubeconfigServer?.(config.kubeConfigFile, TIMEOUT_MS);
  const known = new Lru<{ readonly status: JsonObject; readonly until: number }>(CACHED);

  const statusOf = async (spec: JsonObject): Promise<JsonObject> => {
    const key = JSON.stringify(spec);
    const answer = known.get(key);
    if (answer !== undefined && Date.now() < answer.until) return answer.status;
    if (server === undefined) throw new Error('no webhook can be called');
    const review = { kind: 'ImageReview', apiVersion: API_VERSION, metadata: {}, spec, status: { allowed: false } };
    const told = await postReview({ ...server, firstWaitMs: config.firstWaitMs }, review);
    if (str(told, 'kind') !== review.kind || str(told, 'apiVersion') !== API_VERSION) {
      throw new Error(`the webhook answers with ${str(told, 'apiVersion')} ${str(told, 'kind')}`);
    }
    const status = child(told, 'status') ?? {};
    const keptMs = status['allowed'] === true ? config.allowMs : config.denyMs;
    const isShort = key.length <= MAX_TEXT && JSON.stringify(status).length <= MAX_TEXT;
    if (keptMs > 0 && isShort) known.set(key, { status, until: Date.now() + keptMs });
    return status;
  };

  const decide = async (ctx: AdmissionContext, a: AdmissionAttributes, spec: JsonObject): Promise<void> => {
    let status: JsonObject;
    try {
      status = await statusOf(spec);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      log.error(`error contacting webhook backend: ${why}`);
      if (!config.defaultAllow) throw admissionForbidden(a, why);
      ctx.annotate(`${AUDIT}failed-open`, 'true');
      return;
    }
    const notes = child(status, 'auditAnnotations') ?? {};
    for (const key of Object.keys(notes)) ctx.annotate(AUDIT + key, str(notes, key));
    if (status['allowed'] === true) return;
    const reason = str(status, 'reason');
    throw admissionForbidden(
      a,
      reason === ''
        ? 'one or more images rejected by webhook backend'
        : `image policy webhook backend denied one or more images: ${reason}`,
    );
  };

  return {
    name: 'ImagePolicyWebhook',
    handles: (operation) => operation === 'CREATE' || operation === 'UPDATE',
    validate(ctx, a) {
      const { def, subresource, object } = a;
      if (def.group !== '' || def.resource !== 'pods' || object === undefined) return undefined;
      if (subresource !== '' && subresource !== 'ephemeralcontainers') return undefined;
      return decide(ctx, a, specOf(object, subresource, a.namespace));
    },
  };
}

function specOf(pod: JsonObject, subresource: string, namespace: string): JsonObject {
  const spec = child(pod, 'spec');
  const lists = subresource === '' ? ['containers', 'initContainers'] : ['ephemeralContainers'];
  const containers = lists.flatMap((list) => children(spec, list)).map((c) => ({ image: str(c, 'image') }));
  const given = child(child(pod, 'metadata'), 'annotations') ?? {};
  const annotations = emptyRecord<string>();
  for (const key of Object.keys(given).toSorted()) if (key.includes(ANNOTATIONS)) annotations[key] = str(given, key);
  return {
    containers,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    namespace,
  };
}
