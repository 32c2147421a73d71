import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { FatalError } from '../machinery/assert.js';
import { writeWhole } from '../pki/pki.js';
import type { Layout } from './layout.js';
import { runningPid, stopProcess } from './processes.js';

/** True when a load balancer can be run here. */
export function hasHaproxy(): boolean {
  return spawnSync('haproxy', ['-v'], { stdio: 'ignore' }).status === 0;
}

/** HAProxy's configuration: TLS goes through untouched, so that client certificates reach the replicas. */
export function haproxyConfig(layout: Layout): string {
  const servers = layout.names.map(
    (name) => `  server ${name} ${layout.host}:${layout.port(name)} check check-ssl verify required ca-file ca.crt`,
  );
  const last = layout.names.map((name) => `  server ${name}-unready ${layout.host}:${layout.port(name)} backup`);
  return `# Written by scripts/up: edits are lost.
# HAProxy takes its own bound from the limit on open files.
defaults
  mode tcp
  timeout connect 3s
  # An answer to a health check may take this long: a replica on a busy machine is slow, not dead.
  timeout check 10s
  timeout client 1h
  timeout server 1h
  # A quiet watch may live for an hour.
  timeout tunnel 24h
  timeout client-fin 10s
  retries 3
  option redispatch 1

frontend kubernetes
  bind ${layout.host}:${layout.balancerPort}
  # More clients than this wait in the kernel's backlog.
  maxconn 8000
  default_backend replicas

backend replicas
  balance leastconn
  option allbackups
  option httpchk
  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost hdr Connection close
  http-check expect status 200
  # A dead process refuses connections: the first refusal makes the checks fast, and five of them take half a second. A
  # slow one must fail to shake hands for 3 s five times in a row before its sessions are given up.
  default-server inter 3s fastinter 100ms downinter 500ms fall 5 rise 1 observe layer4 error-limit 1 on-error fastinter on-marked-down shutdown-sessions
${servers.join('\n')}
  # When no replica is ready there is no quorum; reads at resourceVersion=0 and watches go on all the same.
${last.join('\n')}
`;
}

/** Starts the balancer unless it runs already; its configuration and pid are in `DIR/haproxy/`. */
export function startHaproxy(layout: Layout, caCert: string): void {
  const dir = layout.haproxyDir;
  const pidFile = join(dir, 'pid');
  if (runningPid(pidFile, dir) !== undefined) return;
  const config = join(dir, 'haproxy.cfg');
  writeWhole(config, haproxyConfig(layout), 0o644);
  writeWhole(join(dir, 'ca.crt'), caCert, 0o644);
  const run = spawnSync('haproxy', ['-D', '-f', config, '-p', pidFile], { cwd: dir, encoding: 'utf8' });
  if (run.status !== 0) {
    throw new FatalError(`haproxy does not start with ${config}: ${run.stderr.trim()}`);
  }
}

/** Stops the balancer when it runs. */
export async function stopHaproxy(dir: string): Promise<void> {
  const pidFile = join(dir, 'haproxy', 'pid');
  const pid = runningPid(pidFile, join(dir, 'haproxy'));
  if (pid !== undefined) await stopProcess(pid, pidFile);
}
