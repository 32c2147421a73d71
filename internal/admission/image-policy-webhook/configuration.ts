import { isAbsolute, join, dirname } from 'node:path';
import { child, num, str } from '../../machinery/access.js';
import { FatalError } from '../../machinery/assert.js';
import { checkShape, type Shape } from '../../schema/codec/configuration-shape.js';
import type { PluginConfiguration } from '../config-file.js';

/** Of the plugin's configuration; times in ms, 0 for what is not remembered. */
export interface ImagePolicyConfig {
  readonly kubeConfigFile: string;
  readonly allowMs: number;
  readonly denyMs: number;
  readonly firstWaitMs: number;
  /** What becomes of pods when the webhook cannot be asked. */
  readonly defaultAllow: boolean;
}

const SHAPE: Shape = {
  apiVersion: 'string',
  kind: 'string',
  imagePolicy: {
    kubeConfigFile: 'string',
    allowTTL: 'integer',
    denyTTL: 'integer',
    retryBackoff: 'integer',
    defaultAllow: 'boolean',
  },
};
const SECOND = 1000;
const HALF_HOUR = 30 * 60 * SECOND;

/** Reads it, with kube-apiserver's defaults and bounds. Throws FatalError, which names the file. */
export function imagePolicyConfig(configuration: PluginConfiguration | undefined): ImagePolicyConfig {
  if (configuration === undefined) {
    throw new FatalError(
      'ImagePolicyWebhook has no configuration: write imagePolicy.kubeConfigFile into --admission-control-config-file',
    );
  }
  const { path, object } = configuration;
  checkShape(object, path, SHAPE);
  const policy = child(object, 'imagePolicy');
  const file = str(policy, 'kubeConfigFile');
  if (file === '') throw new FatalError(`${path}: imagePolicy.kubeConfigFile: Required value. Name the webhook.`);
  const between = (
    name: string,
    unit: number,
    standard: number,
    [min, max]: [number, number],
    off?: number,
  ): number => {
    const given = num(policy, name) ?? 0;
    if (given === 0) return standard;
    if (given === off) return 0;
    const ms = given * unit;
    if (ms >= min && ms <= max) return ms;
    throw new FatalError(
      `${path}: imagePolicy.${name}: valid range is between ${min} ms and ${max} ms, got ${ms} ms. Correct it.`,
    );
  };
  return {
    kubeConfigFile: isAbsolute(file) ? file : join(dirname(path), file),
    allowMs: between('allowTTL', SECOND, 5 * 60 * SECOND, [SECOND, HALF_HOUR], -1),
    denyMs: between('denyTTL', SECOND, 30 * SECOND, [SECOND, HALF_HOUR], -1),
    firstWaitMs: between('retryBackoff', 1, 500, [1, 5 * 60 * SECOND]),
    defaultAllow: policy?.['defaultAllow'] === true,
  };
}
