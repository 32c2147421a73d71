import { formatIP, parseIP } from '../machinery/ip.js';
import type { RequestContext } from './request-context.js';

const MAPPED = /^(?:0{1,4}:){5}ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i;

/** The address in its usual form; an IPv4 address that came in as an IPv6 one is one again. Undefined for no address. */
function normalized(text: string): string | undefined {
  const mapped = MAPPED.exec(text);
  if (mapped !== null) {
    const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
    return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
  }
  const ip = parseIP(text);
  return ip === undefined ? undefined : formatIP(ip.family, ip.value);
}

/** Usual forms of the other ends of connections; clients come again and again. All are forgotten beyond so many. */
const MAX_KNOWN = 1024;
const known = new Map<string, string | undefined>();

function normalizedRemote(text: string): string | undefined {
  const before = known.get(text);
  if (before !== undefined) return before;
  const ip = normalized(text);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(text, ip);
  return ip;
}

/** Where a request comes from: what proxies say of it, and last the other end of the connection (apimachinery's SourceIPs). */
export function sourceIPs(context: RequestContext): string[] {
  const ips: string[] = [];
  const forwarded = context.header('x-forwarded-for');
  if (forwarded !== '') {
    for (const part of forwarded.split(',')) {
      const ip = normalized(part.trim());
      if (ip !== undefined) ips.push(ip);
    }
  }
  const real = context.header('x-real-ip');
  const realIp = real === '' ? undefined : normalized(real);
  if (realIp !== undefined && !ips.includes(realIp)) ips.push(realIp);
  const remote = normalizedRemote(context.incoming.remoteAddress());
  if (remote !== undefined && ips.at(-1) !== remote) ips.push(remote);
  return ips;
}
