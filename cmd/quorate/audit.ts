import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Registry } from 'prom-client';
import { BufferedBackend } from '../../internal/audit/backends/buffered.js';
import { LINES_AT_ONCE } from '../../internal/audit/backends/gathered-lines.js';
import {
  type LogBackend,
  logBackend,
  type LogFormat,
  type LogWriter,
  standardOutput,
} from '../../internal/audit/backends/log.js';
import { LogFile } from '../../internal/audit/backends/log-file.js';
import { truncateBackend } from '../../internal/audit/backends/truncate.js';
import { ignoringErrors, unionBackend } from '../../internal/audit/backends/union.js';
import { webhookBackend } from '../../internal/audit/backends/webhook.js';
import { AuditMetrics } from '../../internal/audit/metrics.js';
import { policyEvaluator } from '../../internal/audit/policy.js';
import { readAuditPolicy } from '../../internal/audit/policy-file.js';
import type { AuditBackend } from '../../internal/audit/types.js';
import { Callout } from '../../internal/callout/index.js';
import { FatalError } from '../../internal/machinery/assert.js';
import { makeDirectory } from '../../internal/machinery/directory.js';
import { logger } from '../../internal/machinery/log.js';
import type { AuditParts } from '../../internal/server/filters/audit.js';
import type { FlagValues } from './flags.js';
import { serverAccess } from './kubeconfig-file.js';

const log = logger('audit.ts');
const MODES = ['batch', 'blocking', 'blocking-strict'];
const MEGABYTE = 1024 * 1024;

type Plugin = 'log' | 'webhook';

/** What is wrong with the flags about audit, in kube-apiserver's words. */
export function auditFaults(flags: FlagValues): string[] {
  const faults: string[] = [];
  if (flags.string('audit-log-path') !== '') {
    faults.push(...backendFaults(flags, 'log'));
    const format = flags.string('audit-log-format');
    if (!['legacy', 'json'].includes(format)) {
      faults.push(`invalid audit log format ${format}, allowed formats are "legacy,json"`);
    }
    for (const name of ['maxage', 'maxbackup', 'maxsize']) {
      const value = flags.int(`audit-log-${name}`);
      if (value < 0) faults.push(`--audit-log-${name} ${value} can't be a negative number`);
    }
  }
  if (flags.string('audit-webhook-config-file') !== '') faults.push(...backendFaults(flags, 'webhook'));
  return faults;
}

function backendFaults(flags: FlagValues, plugin: Plugin): string[] {
  const faults: string[] = [];
  const int = (name: string): number => flags.int(`audit-${plugin}-${name}`);
  const mode = flags.string(`audit-${plugin}-mode`);
  if (!MODES.includes(mode))
    faults.push(`invalid audit ${plugin} mode ${mode}, allowed modes are "${MODES.join(',')}"`);
  if (mode === 'batch') {
    const atLeastOne = ['batch-buffer-size', 'batch-max-size'];
    if (flags.bool(`audit-${plugin}-batch-throttle-enable`)) {
      atLeastOne.push('batch-throttle-burst');
      const qps = flags.float(`audit-${plugin}-batch-throttle-qps`);
      if (qps <= 0) faults.push(`invalid audit batch ${plugin} throttle QPS ${qps}, must be a positive number`);
    }
    for (const name of atLeastOne) {
      const words = name.slice('batch-'.length).replaceAll('-', ' ');
      if (int(name) <= 0) faults.push(`invalid audit batch ${plugin} ${words} ${int(name)}, must be a positive number`);
    }
  }
  const [event, batch] = [int('truncate-max-event-size'), int('truncate-max-batch-size')];
  if (event <= 0) faults.push(`invalid audit truncate ${plugin} max event size ${event}, must be a positive number`);
  if (batch < event) {
    faults.push(
      `invalid audit truncate ${plugin} max batch size ${batch}, must be greater than max event size (${event})`,
    );
  }
  const version = flags.string(`audit-${plugin}-version`);
  if (version !== 'audit.k8s.io/v1') {
    faults.push(
      `invalid group version, allowed versions are ["audit.k8s.io/v1"]: --audit-${plugin}-version ${version}`,
    );
  }
  return faults;
}

/**
 * What `--audit-policy-file` wants recorded, and the backends that the flags name; undefined where there is no policy, or
 * nowhere to record to. Throws FatalError for a policy, log or kubeconfig that cannot be used.
 */
export function auditOf(flags: FlagValues, registry: Registry): AuditParts | undefined {
  const file = flags.string('audit-policy-file');
  const policy = file === '' ? undefined : readAuditPolicy(file);
  const metrics = new AuditMetrics(registry);
  if (policy === undefined) {
    for (const name of ['audit-log-path', 'audit-webhook-config-file']) {
      if (flags.string(name) !== '') log.warn(`--${name}: no audit policy file is given, no events will be recorded`);
    }
    return undefined;
  }
  const backends: AuditBackend[] = [];
  if (flags.string('audit-log-path') !== '') {
    const backend = logOf(flags, metrics);
    backends.push(wrapped(flags, 'log', backend, metrics, () => backend.keepsUp()));
  }
  if (flags.string('audit-webhook-config-file') !== '') {
    backends.push(wrapped(flags, 'webhook', webhookOf(flags, metrics), metrics));
  }
  const [only] = backends;
  if (only === undefined) return undefined;
  return { policy: policyEvaluator(policy), backend: backends.length === 1 ? only : unionBackend(backends), metrics };
}

/** As the flags of the backend want it: buffered or blocking, and with large events truncated. */
function wrapped(
  flags: FlagValues,
  plugin: Plugin,
  plain: AuditBackend,
  metrics: AuditMetrics,
  keepsUp?: () => boolean,
): AuditBackend {
  const int = (name: string): number => flags.int(`audit-${plugin}-${name}`);
  const inMode = (): AuditBackend => {
    const mode = flags.string(`audit-${plugin}-mode`);
    if (mode === 'blocking-strict') return plain;
    if (mode === 'blocking') return ignoringErrors(plain, keepsUp);
    const throttle = {
      qps: flags.float(`audit-${plugin}-batch-throttle-qps`),
      burst: int('batch-throttle-burst'),
    };
    const options = {
      bufferSize: int('batch-buffer-size'),
      maxBatchSize: int('batch-max-size'),
      maxBatchWaitMs: flags.duration(`audit-${plugin}-batch-max-wait`),
      throttle: flags.bool(`audit-${plugin}-batch-throttle-enable`) ? throttle : undefined,
      ...(plugin === 'log' ? { together: LINES_AT_ONCE } : {}),
      async: plugin === 'webhook',
    };
    return new BufferedBackend(plain, options, metrics);
  };
  const backend = inMode();
  if (!flags.bool(`audit-${plugin}-truncate-enabled`)) return backend;
  const sizes = { maxBatchBytes: int('truncate-max-batch-size'), maxEventBytes: int('truncate-max-event-size') };
  return truncateBackend(backend, sizes, metrics);
}

function logOf(flags: FlagValues, metrics: AuditMetrics): LogBackend {
  const format: LogFormat = flags.string('audit-log-format') === 'legacy' ? 'legacy' : 'json';
  return logBackend(writerOf(flags), format, metrics);
}

function writerOf(flags: FlagValues): LogWriter {
  const path = flags.string('audit-log-path');
  if (path === '-') return standardOutput();
  makeDirectory(dirname(path), 0o700);
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FatalError(`--audit-log-path ${path}: ${why}. Name a file that can be written.`);
  }
  return new LogFile({
    path,
    maxBytes: flags.int('audit-log-maxsize') * MEGABYTE,
    maxBackups: flags.int('audit-log-maxbackup'),
    maxAgeDays: flags.int('audit-log-maxage'),
    compress: flags.bool('audit-log-compress'),
  });
}

function webhookOf(flags: FlagValues, metrics: AuditMetrics): AuditBackend {
  const { server, ca, cert, key, token } = serverAccess(flags.string('audit-webhook-config-file'), undefined, 'http');
  const tls = {
    ...(ca === undefined ? {} : { ca: ca.toString('utf8') }),
    ...(cert === undefined ? {} : { cert: cert.toString('utf8') }),
    ...(key === undefined ? {} : { key: key.toString('utf8') }),
  };
  return webhookBackend(
    new Callout(),
    {
      target: { url: `${server}?timeout=30s`, tls },
      token,
      initialBackoffMs: flags.duration('audit-webhook-initial-backoff'),
    },
    metrics,
  );
}
