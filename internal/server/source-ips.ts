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

/** The other ends of connections in their usual form; clients come again and again. All are forgotten beyond so many. */
const MAX_KNOWN = 1024;
const known = new Map<string, readonly string[]>();

/** A list of one; of none for what is no address. */
function remoteAlone(text: string): readonly string[] {
  let ips = known.get(text);
  if (ips === undefined) {
    const ip = normalized(text);
    ips = ip === undefined ? [] : [ip];
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, ips);
  }
  return ips;
}

/**
 * Where a request comes from: what proxies say of it, and last the other end of the connection (apimachinery's SourceIPs).
 * Requests that no proxy says anything of have the same list, if they come from the same end.
 */
export function sourceIPs(context: RequestContext): readonly string[] {
  const remote = remoteAlone(context.incoming.remoteAddress());
  const forwarded = context.header('x-forwarded-for');
  const real = context.header('x-real-ip');
  if (forwarded === '' && real === '') return remote;
  const ips: string[] = [];
  for (const part of forwarded.split(',')) {
    const ip = normalized(part.trim());
    if (ip !== undefined) ips.push(ip);
  }
  const realIp = normalized(real);
  if (realIp !== undefined && !ips.includes(realIp)) ips.push(realIp);
  for (const ip of remote) if (ips.at(-1) !== ip) ips.push(ip);
  return ips;
}
