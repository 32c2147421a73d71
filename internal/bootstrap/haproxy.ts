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

/** One server behind a balancer. */
export interface BalancedServer {
  readonly name: string;
  /** host:port of its HTTPS. */
  readonly address: string;
  /** host:port for clients that speak SPDY (`--spdy-bind-port`), where it has one. */
  readonly spdyAddress?: string;
}

/** What a balancer's configuration depends on. */
export interface BalancerOptions {
  /** The comment at the head of the file. */
  readonly head: string;
  /** host:port, or *:port. */
  readonly bind: string;
  readonly servers: readonly BalancedServer[];
  /** Authority of the servers' certificates, as HAProxy finds it. */
  readonly caFile: string;
}

/**
 * HAProxy's configuration: TLS goes through untouched, so that client certificates reach the replicas. Where the servers
 * have a port for SPDY, connections go there whose greeting offers neither a protocol (ALPN) nor a session ticket: Go's, where
 * HTTP/2 is off, as in clients that speak SPDY. Clients with OpenSSL offer a ticket.
 */
export function haproxyConfig({ head, bind, servers, caFile }: BalancerOptions): string {
  const checked = servers.map(
    ({ name, address }) => `  server ${name} ${address} check check-ssl verify required ca-file ${caFile}`,
  );
  const last = servers.map(({ name, address }) => `  server ${name}-unready ${address} backup`);
  const spdy = servers.flatMap(({ name, spdyAddress }) =>
    spdyAddress === undefined ? [] : [`  server ${name} ${spdyAddress} track replicas/${name}`],
  );
  return `# ${head}
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
  bind ${bind}
  # More clients than this wait in the kernel's backlog.
  maxconn 8000${spdy.length === 0 ? '' : TO_SPDY}
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
${checked.join('\n')}
  # When no replica is ready there is no quorum; reads at resourceVersion=0 and watches go on all the same.
${last.join('\n')}
${spdy.length === 0 ? '' : spdyBackend(spdy)}`;
}

/** A client greets first; one that says nothing else either is passed on after 5 s. */
const TO_SPDY = `
  tcp-request inspect-delay 5s
  tcp-request content accept if { req.ssl_hello_type 1 }
  use_backend spdy if { req.ssl_hello_type 1 } !{ req.ssl_alpn -m found } { req.ssl_st_ext 0 } { nbsrv(spdy) gt 0 }`;

function spdyBackend(servers: readonly string[]): string {
  return `
# SPDY, of kubectl up to 1.28 for one. What else greets like them (Go without HTTP/2) is served there as well.
backend spdy
  balance leastconn
  default-server on-marked-down shutdown-sessions
${servers.join('\n')}
`;
}

/** Starts the balancer unless it runs already; its configuration and pid are in `DIR/haproxy/`. */
export function startHaproxy(layout: Layout, caCert: string): void {
  const dir = layout.haproxyDir;
  const pidFile = join(dir, 'pid');
  if (runningPid(pidFile, dir) !== undefined) return;
  const config = join(dir, 'haproxy.cfg');
  const servers = layout.names.map((name) => ({
    name,
    address: `${layout.host}:${layout.port(name)}`,
    spdyAddress: `${layout.host}:${layout.spdyPort(name)}`,
  }));
  const bind = `${layout.host}:${layout.balancerPort}`;
  const head = 'Written by scripts/up: edits are lost.';
  writeWhole(config, haproxyConfig({ head, bind, servers, caFile: 'ca.crt' }), 0o644);
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
