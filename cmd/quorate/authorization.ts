import { readFileSync } from 'node:fs';
import { abacAuthorizer } from '../../internal/auth/abac.js';
import {
  type AuthorizerConfig,
  authorizationConfiguration,
  type WebhookConfig,
} from '../../internal/auth/authorization-configuration.js';
import { AuthorizerChain, type NamedAuthorizer } from '../../internal/auth/authorizer-chain.js';
import { alwaysAllow, alwaysDeny } from '../../internal/auth/authorizers.js';
import { authorizationReloads } from '../../internal/auth/metrics.js';
import { NodeAuthorizer } from '../../internal/auth/node.js';
import { RbacAuthorizer } from '../../internal/auth/rbac.js';
import { everythingAllowed, nodeRules, nothingAllowed, webhookRules } from '../../internal/auth/rules.js';
import { accessWebhookAuthorizer } from '../../internal/auth/webhook/access-review.js';
import type { Callout } from '../../internal/callout/index.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { atOnce, inTurns, mapInTurns } from '../../internal/machinery/breathe.js';
import { logger } from '../../internal/machinery/log.js';
import { prepareYaml } from '../../internal/schema/codec/index.js';
import { watchFiles } from '../../internal/machinery/watched-files.js';
import { readConfigurationFile } from '../../internal/schema/codec/configuration.js';
import type { Backend } from '../../internal/store/types.js';
import { advertisedAddress, readFlagFile } from './config.js';
import type { FlagValues } from './flags.js';
import { reviewServer } from './review-server.js';

const log = logger('authorization.ts');
const MODES = ['ABAC', 'AlwaysAllow', 'AlwaysDeny', 'Node', 'RBAC', 'Webhook'];
const FILE = 'authorization-config';
/** kube-apiserver's for the webhook that flags name, of one attempt. */
const WEBHOOK_TIMEOUT_MS = 30_000;

/** What is wrong with the flags about authorization, in kube-apiserver's words. */
export function authorizationFaults(flags: FlagValues): string[] {
  const faults: string[] = [];
  if (flags.string(FILE) !== '') {
    const flagged = [
      'mode',
      'webhook-config-file',
      'webhook-version',
      'webhook-cache-authorized-ttl',
      'webhook-cache-unauthorized-ttl',
    ];
    const given = flagged.map((name) => `authorization-${name}`).filter((name) => flags.isGiven(name));
    return given.length === 0
      ? []
      : [`--${FILE} can not be specified when ${given.map((n) => `--${n}`).join(', ')} is set`];
  }
  const modes = flags.list('authorization-mode');
  if (modes.length === 0) faults.push('at least one authorization-mode must be passed');
  for (const [i, mode] of modes.entries()) {
    if (!MODES.includes(mode)) {
      faults.push(`authorization-mode ${JSON.stringify(mode)} is not a valid mode: use ${MODES.join(', ')}`);
    }
    if (modes.indexOf(mode) < i)
      faults.push(`authorization-mode ${JSON.stringify(mode)} has mode specified more than once`);
  }
  const belongs = (mode: string, flag: string): void => {
    const [named, isMode] = [flags.string(flag) !== '', modes.includes(mode)];
    if (isMode && !named)
      faults.push(`authorization-mode ${mode}'s authorization ${flag.slice('authorization-'.length)} not passed`);
    if (named && !isMode) faults.push(`cannot specify --${flag} without mode ${mode}`);
  };
  belongs('ABAC', 'authorization-policy-file');
  belongs('Webhook', 'authorization-webhook-config-file');
  if (!['v1', 'v1beta1'].includes(flags.string('authorization-webhook-version'))) {
    faults.push('--authorization-webhook-version must be v1 or v1beta1');
  }
  return faults;
}

/** Who may do what, until it is stopped. */
export interface Authorization {
  readonly authorizer: AuthorizerChain;
  readonly rbac: RbacAuthorizer;
  stop(): void;
}

/** Reads what the flags and files about authorization say, before anything is opened. Throws FatalError. */
export function checkAuthorization(flags: FlagValues, callout: Callout): void {
  for (const config of configsOf(flags).configs) {
    if (config.webhook !== undefined) reviewServer(config.webhook.kubeConfigFile, callout, config.webhook.timeoutMs);
  }
  policyFile(flags);
}

/** The authorizers that `--authorization-mode` or `--authorization-config` names. Throws FatalError. */
export function authorization(flags: FlagValues, backend: Backend, callout: Callout): Authorization {
  const rbac = new RbacAuthorizer(backend);
  const node = new NodeAuthorizer(backend, rbac);
  const made = ({ type, name, webhook }: AuthorizerConfig): NamedAuthorizer => {
    const of = (parts: Omit<NamedAuthorizer, 'type' | 'name'>): NamedAuthorizer => ({ type, name, ...parts });
    if (type === 'AlwaysAllow') return of({ authorizer: alwaysAllow, rules: everythingAllowed });
    if (type === 'AlwaysDeny') return of({ authorizer: alwaysDeny, rules: nothingAllowed });
    if (type === 'RBAC') return of({ authorizer: rbac, rules: rbac });
    if (type === 'Node') return of({ authorizer: node, rules: nodeRules });
    const abac = type === 'ABAC' ? policyFile(flags) : undefined;
    if (abac !== undefined) return of({ authorizer: abac, rules: abac });
    if (webhook === undefined) throw new FatalError(`authorization mode ${type} is not known: use ${MODES.join(', ')}`);
    return of({ authorizer: accessWebhook(name, webhook, callout), rules: webhookRules });
  };
  const { configs, bytes } = configsOf(flags);
  const chain = new AuthorizerChain(configs.map(made));
  authorizationReloads.of(advertisedAddress(flags));
  if (bytes === undefined) return { authorizer: chain, rbac, stop: () => undefined };
  authorizationReloads.inForce(bytes);
  const file = flags.string(FILE);
  const following = watchFiles([file], [bytes], async ([contents]) => {
    if (contents === undefined) return;
    try {
      await prepareYaml(contents);
      const configs = await inTurns(authorizationConfiguration(contents, file));
      chain.replace(await mapInTurns(configs, made));
      authorizationReloads.inForce(contents);
      authorizationReloads.reloaded('success');
      log.info(`reloaded authz config from ${file}`);
    } catch (error) {
      authorizationReloads.reloaded('failure');
      log.error(`${file} is not used, and what was in force stays: ${error instanceof Error ? error.message : ''}`);
    }
  });
  return { authorizer: chain, rbac, stop: () => following.stop() };
}

function configsOf(flags: FlagValues): { readonly configs: readonly AuthorizerConfig[]; readonly bytes?: Buffer } {
  const file = flags.string(FILE);
  if (file !== '') {
    const bytes = readConfigurationFile(file, `--${FILE}`);
    return { configs: atOnce(authorizationConfiguration(bytes, file)), bytes };
  }
  const configs = flags.list('authorization-mode').map((type): AuthorizerConfig => {
    const named = { type, name: type.toLowerCase() };
    return type === 'Webhook' ? { ...named, webhook: flaggedWebhook(flags) } : named;
  });
  return { configs };
}

function flaggedWebhook(flags: FlagValues): WebhookConfig {
  return {
    allowedMs: flags.duration('authorization-webhook-cache-authorized-ttl'),
    deniedMs: flags.duration('authorization-webhook-cache-unauthorized-ttl'),
    timeoutMs: WEBHOOK_TIMEOUT_MS,
    version: flags.string('authorization-webhook-version') === 'v1' ? 'v1' : 'v1beta1',
    onError: 'noOpinion',
    kubeConfigFile: flags.string('authorization-webhook-config-file'),
    conditions: [],
  };
}

function accessWebhook(name: string, config: WebhookConfig, callout: Callout) {
  const server = reviewServer(config.kubeConfigFile, callout, config.timeoutMs);
  return accessWebhookAuthorizer({ name, server, now: Date.now, ...config });
}

function policyFile(flags: FlagValues) {
  const file = flags.string('authorization-policy-file');
  return file === ''
    ? undefined
    : abacAuthorizer(readFlagFile(file, '--authorization-policy-file', readFileSync), file);
}
