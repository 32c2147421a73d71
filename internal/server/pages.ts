import type { BytesReply } from '../rest/types.js';
import type { HealthCheck } from './health.js';
import { VERSION } from './version.js';

const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';
const PLAIN = 'text/plain; charset=utf-8';

/** /flagz: the value of every flag of this process. */
export function flagzPage(flags: ReadonlyMap<string, string>): BytesReply {
  const lines = [...flags].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`);
  return { status: 200, contentType: PLAIN, body: `\nquorate flagz\n${WARNING}\n\n${lines.join('\n')}\n` };
}

/** /statusz: which build this is and how long it has been running. */
export function statuszPage(): BytesReply {
  const up = Math.round(process.uptime());
  const started = new Date(Date.now() - up * 1000).toUTCString();
  const release = `${VERSION.major}.${VERSION.minor}`;
  const lines = [
    `Started: ${started}`,
    `Up: ${Math.floor(up / 3600)} hr ${String(Math.floor(up / 60) % 60).padStart(2, '0')} min ${String(up % 60).padStart(2, '0')} sec`,
    `Node version: ${process.version}`,
    `Binary version: ${VERSION.gitVersion.replace(/^v/, '')}`,
    `Emulation version: ${release}`,
  ];
  return { status: 200, contentType: PLAIN, body: `\nquorate statusz\n${WARNING}\n\n${lines.join('\n')}\n` };
}

/** /metrics/slis: every health check as a number. */
export function slisPage(endpoints: ReadonlyMap<string, readonly HealthCheck[]>): BytesReply {
  const lines = [
    '# HELP kubernetes_healthcheck 1 when the health check passes, else 0.',
    '# TYPE kubernetes_healthcheck gauge',
  ];
  for (const [type, checks] of endpoints) {
    for (const check of checks) {
      lines.push(
        `kubernetes_healthcheck{name="${check.name}",type="${type}"} ${check.failure() === undefined ? 1 : 0}`,
      );
    }
  }
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body: `${lines.join('\n')}\n` };
}
