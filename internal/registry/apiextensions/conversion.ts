import { X509Certificate } from 'node:crypto';
import { dns1035Label } from '../../machinery/names.js';
import { pemBlocks } from '../../machinery/pem.js';
import { FieldNode } from '../generic/field-node.js';
import { checkReviewVersions, checkWebhookClient } from '../generic/webhook-client.js';

const STRATEGIES = ['None', 'Webhook'];
const ONLY_WEBHOOK = 'should not be set when strategy is not set to Webhook';

/** What is wrong with PEM certificates that a server is to be verified with. */
function bundleProblem(bundle: string): string | undefined {
  const blocks = pemBlocks(Buffer.from(bundle, 'base64').toString('latin1')).filter((b) => b.type === 'CERTIFICATE');
  for (const { der } of blocks) {
    try {
      new X509Certificate(der);
    } catch (e) {
      if (!(e instanceof Error)) throw e;
      return `failed to parse certificate: ${e.message}`;
    }
  }
  return blocks.length === 0 ? 'unable to parse bytes as PEM block' : undefined;
}

/** Whether a stored definition's conversion webhook can be verified with its caBundle. */
export function hasValidBundle(spec: FieldNode): boolean {
  const bundle = spec.struct('conversion').struct('webhook').struct('clientConfig').text('caBundle');
  return bundle !== '' && bundleProblem(bundle) === undefined;
}

/**
 * Field errors of how objects are converted. kube-apiserver calls `webhook.clientConfig` by an older name. A caBundle that
 * is no certificate is taken, for others to put right, but not in the place of one that is (`keepsBundle`).
 */
export function checkConversion(spec: FieldNode, keepsBundle: boolean): void {
  const conversion = spec.child('conversion');
  if (conversion === undefined) return;
  const strategy = conversion.text('strategy');
  if (strategy === '') conversion.required('strategy');
  else conversion.requireOneOf('strategy', STRATEGIES);
  const webhook = conversion.child('webhook');
  const config = webhook?.child('clientConfig');
  const versions = webhook?.get('conversionReviewVersions');
  if (strategy !== 'Webhook') {
    if (config !== undefined) conversion.forbidden('webhookClientConfig', ONLY_WEBHOOK);
    if (Array.isArray(versions) && versions.length > 0) {
      conversion.forbidden('conversionReviewVersions', ONLY_WEBHOOK);
    }
    return;
  }
  if (config === undefined) {
    conversion.required('webhookClientConfig', 'required when strategy is set to Webhook');
  } else {
    const client = new FieldNode(config.value, conversion.at('webhookClientConfig'), conversion.problems);
    checkWebhookClient(client, true);
    const bundle = client.text('caBundle');
    const problem = keepsBundle && bundle !== '' ? bundleProblem(bundle) : undefined;
    if (problem !== undefined) client.invalid('caBundle', `unable to load root certificates: ${problem}`);
  }
  const review = new FieldNode({ conversionReviewVersions: versions }, conversion.path, conversion.problems);
  if (review.count('conversionReviewVersions') === 0) review.required('conversionReviewVersions');
  else checkReviewVersions(review, 'conversionReviewVersions', dns1035Label);
}
