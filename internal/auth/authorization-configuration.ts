import type { Program } from '../cel/index.js';
import { child, children, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import type { Steps } from '../machinery/breathe.js';
import {
  duplicate,
  errorText,
  type FieldError,
  invalidValue,
  notSupported,
  required,
  tooLong,
  tooMany,
} from '../machinery/field.js';
import type { JsonObject } from '../machinery/json.js';
import { dns1123Subdomain } from '../machinery/names.js';
import { parseDuration, TimeError } from '../machinery/time.js';
import { decodeConfiguration } from '../schema/codec/configuration.js';
import { checkShape, type Shape } from '../schema/codec/configuration-shape.js';
import { matchCondition } from './webhook/match-conditions.js';

const GROUP = 'apiserver.config.k8s.io';
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`, `${GROUP}/v1alpha1`];
/** Kinds of authorizers that a file may name; a policy file of ABAC can be named by flags only. */
const TYPES = ['AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'];
const MAX_TIMEOUT_MS = 30_000;
/** Each is asked in turn about a request that none before it decides. */
const MAX_AUTHORIZERS = 64;
/** Conditions of one webhook, as kube-apiserver's API says, and characters of them all. */
const MAX_CONDITIONS = 64;
const MAX_CONDITIONS_TEXT = 32_768;

const SHAPE: Shape = {
  apiVersion: 'string',
  kind: 'string',
  authorizers: [
    {
      type: 'string',
      name: 'string',
      webhook: {
        authorizedTTL: 'string',
        cacheAuthorizedRequests: 'boolean',
        unauthorizedTTL: 'string',
        cacheUnauthorizedRequests: 'boolean',
        timeout: 'string',
        subjectAccessReviewVersion: 'string',
        matchConditionSubjectAccessReviewVersion: 'string',
        failurePolicy: 'string',
        connectionInfo: { type: 'string', kubeConfigFile: 'string' },
        matchConditions: [{ expression: 'string' }],
      },
    },
  ],
};

/** A webhook as a file configures it. Times are in ms; 0 for what is not remembered. */
export interface WebhookConfig {
  readonly allowedMs: number;
  readonly deniedMs: number;
  readonly timeoutMs: number;
  readonly version: 'v1' | 'v1beta1';
  readonly onError: 'deny' | 'noOpinion';
  readonly kubeConfigFile: string;
  readonly conditions: readonly Program[];
}

/** One authorizer of the chain. */
export interface AuthorizerConfig {
  readonly type: string;
  readonly name: string;
  /** Present for the type Webhook. */
  readonly webhook?: WebhookConfig;
}

/**
 * Reads an AuthorizationConfiguration (apiserver.config.k8s.io v1, v1beta1, v1alpha1), in the words of kube-apiserver's
 * validation, authorizer by authorizer. Throws FatalError with all that is wrong, also for more than 64 of them.
 */
export function* authorizationConfiguration(bytes: Buffer, path: string): Steps<AuthorizerConfig[]> {
  const object = decodeConfiguration(bytes, path, 'AuthorizationConfiguration', VERSIONS);
  checkShape(object, path, SHAPE);
  const errors: FieldError[] = [];
  const authorizers = children(object, 'authorizers');
  if (authorizers.length === 0) errors.push(required('authorizers', 'at least one authorization mode must be defined'));
  const types = new Set<string>();
  const names = new Set<string>();
  if (authorizers.length > MAX_AUTHORIZERS) errors.push(tooMany('authorizers', authorizers.length, MAX_AUTHORIZERS));
  const configOf = (authorizer: JsonObject, i: number): AuthorizerConfig => {
    const at = `authorizers[${i}]`;
    const [type, name] = [str(authorizer, 'type'), str(authorizer, 'name')];
    if (type === '') errors.push(required(`${at}.type`));
    else if (!TYPES.includes(type)) errors.push(notSupported(`${at}.type`, type, TYPES));
    else if (types.has(type) && type !== 'Webhook') errors.push(duplicate(`${at}.type`, type));
    types.add(type);
    if (name === '') errors.push(required(`${at}.name`));
    else if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    else if (dns1123Subdomain(name).length > 0) {
      errors.push(invalidValue(`${at}.name`, name, `authorizer name is invalid: ${dns1123Subdomain(name).join(', ')}`));
    }
    names.add(name);
    const webhook = child(authorizer, 'webhook');
    if (type !== 'Webhook') {
      if (webhook !== undefined) {
        errors.push(invalidValue(`${at}.webhook`, '<omitted>', 'may only be specified when type=Webhook'));
      }
      return { type, name };
    }
    if (webhook === undefined) {
      errors.push(required(`${at}.webhook`, 'required when type=Webhook'));
      return { type, name };
    }
    return { type, name, webhook: webhookOf(webhook, `${at}.webhook`, errors) };
  };
  const configs: AuthorizerConfig[] = [];
  for (const [i, authorizer] of authorizers.slice(0, MAX_AUTHORIZERS).entries()) {
    configs.push(configOf(authorizer, i));
    yield;
  }
  if (errors.length > 0) throw new FatalError(`${path}: ${errors.map(errorText).join(', ')}. Mend the file.`);
  return configs;
}

function webhookOf(webhook: JsonObject, at: string, errors: FieldError[]): WebhookConfig {
  const timeoutMs = durationOf(webhook, 'timeout', at, errors);
  if (timeoutMs > MAX_TIMEOUT_MS) errors.push(invalidValue(`${at}.timeout`, str(webhook, 'timeout'), 'must be <= 30s'));
  const allowedMs = durationOf(webhook, 'authorizedTTL', at, errors);
  const deniedMs = durationOf(webhook, 'unauthorizedTTL', at, errors);
  const oneOf = (name: string, values: readonly string[]): string => {
    const value = str(webhook, name);
    if (value === '') errors.push(required(`${at}.${name}`));
    else if (!values.includes(value)) errors.push(notSupported(`${at}.${name}`, value, values));
    return value;
  };
  const version = oneOf('subjectAccessReviewVersion', ['v1', 'v1beta1']);
  const onError = oneOf('failurePolicy', ['NoOpinion', 'Deny']);
  const conditions = conditionsOf(webhook, at, errors);
  const conditionVersion = str(webhook, 'matchConditionSubjectAccessReviewVersion');
  if (conditionVersion === '' && children(webhook, 'matchConditions').length > 0) {
    errors.push(
      required(`${at}.matchConditionSubjectAccessReviewVersion`, 'required if match conditions are specified'),
    );
  } else if (conditionVersion !== '' && conditionVersion !== 'v1') {
    errors.push(notSupported(`${at}.matchConditionSubjectAccessReviewVersion`, conditionVersion, ['v1']));
  }
  return {
    allowedMs: webhook['cacheAuthorizedRequests'] === false ? 0 : allowedMs,
    deniedMs: webhook['cacheUnauthorizedRequests'] === false ? 0 : deniedMs,
    timeoutMs,
    version: version === 'v1' ? 'v1' : 'v1beta1',
    onError: onError === 'Deny' ? 'deny' : 'noOpinion',
    kubeConfigFile: kubeConfigOf(child(webhook, 'connectionInfo') ?? {}, `${at}.connectionInfo`, errors),
    conditions,
  };
}

function durationOf(webhook: JsonObject, name: string, at: string, errors: FieldError[]): number {
  const text = str(webhook, name);
  const place = `${at}.${name}`;
  if (text === '') {
    errors.push(required(place));
    return 0;
  }
  try {
    const ms = Number(parseDuration(text)) / 1e6;
    if (ms <= 0) errors.push(invalidValue(place, text, 'must be > 0s'));
    return ms;
  } catch (error) {
    if (!(error instanceof TimeError)) throw error;
    errors.push(invalidValue(place, text, error.message));
    return 0;
  }
}

function kubeConfigOf(info: JsonObject, at: string, errors: FieldError[]): string {
  const [type, file] = [str(info, 'type'), str(info, 'kubeConfigFile')];
  if (type === '') errors.push(required(`${at}.type`));
  else if (type === 'InClusterConfig') {
    errors.push(invalidValue(`${at}.type`, type, 'this server runs in no pod: use KubeConfigFile'));
  } else if (type !== 'KubeConfigFile') errors.push(notSupported(`${at}.type`, type, ['KubeConfigFile']));
  else if (file === '') errors.push(required(`${at}.kubeConfigFile`));
  else if (!file.startsWith('/')) errors.push(invalidValue(`${at}.kubeConfigFile`, file, 'must be an absolute path'));
  return file;
}

function conditionsOf(webhook: JsonObject, at: string, errors: FieldError[]): Program[] {
  const seen = new Set<string>();
  const conditions = children(webhook, 'matchConditions');
  if (conditions.length > MAX_CONDITIONS) {
    errors.push(tooMany(`${at}.matchConditions`, conditions.length, MAX_CONDITIONS));
    return [];
  }
  if (conditions.reduce((sum, condition) => sum + str(condition, 'expression').length, 0) > MAX_CONDITIONS_TEXT) {
    errors.push(tooLong(`${at}.matchConditions`, MAX_CONDITIONS_TEXT));
    return [];
  }
  return conditions.flatMap((condition, i) => {
    const text = str(condition, 'expression');
    const place = `${at}.matchConditions[${i}].expression`;
    if (text.trim() === '') errors.push(required(place));
    else if (seen.has(text)) errors.push(duplicate(place, text));
    seen.add(text);
    const made = text.trim() === '' ? '' : matchCondition(text);
    if (typeof made !== 'string') return [made];
    if (made !== '') errors.push(invalidValue(place, text, made));
    return [];
  });
}
