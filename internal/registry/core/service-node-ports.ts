import { randomInt } from 'node:crypto';
import { child, str } from '../../machinery/access.js';
import type { JsonObject } from '../../machinery/json.js';
import type { Backend, Compare, Op } from '../../store/types.js';

/** `--service-node-port-range`, both ends inclusive. */
export interface NodePortRange {
  readonly min: number;
  readonly max: number;
}

export const DEFAULT_NODE_PORTS: NodePortRange = { min: 30_000, max: 32_767 };

/** Ports at the lower end that only explicit requests get (KEP-3668): min(max(16, size/32), 128), none of a small range. */
function staticBand({ min, max }: NodePortRange): number {
  const size = max - min + 1;
  return size <= 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128);
}

const RANDOM_TRIES = 64;

/** Before the keys of all node ports that are taken. They are no API objects, and lie outside every resource's prefix. */
export const NODE_PORTS_PREFIX = 'quorate/servicenodeports/';

/** Key under which a node port is taken. */
export function nodePortKey(port: number): string {
  return `${NODE_PORTS_PREFIX}${port}`;
}

/** A free port outside `taken`, or undefined when all are in use. */
export function pickNodePort(backend: Backend, range: NodePortRange, taken: ReadonlySet<number>): number | undefined {
  const free = (port: number): boolean => !taken.has(port) && backend.get(nodePortKey(port)) === undefined;
  for (let i = 0; i < RANDOM_TRIES; i++) {
    const port = randomInt(range.min + staticBand(range), range.max + 1);
    if (free(port)) return port;
  }
  for (let port = range.max; port >= range.min; port--) if (free(port)) return port;
  return undefined;
}

/** Why a port that was asked for cannot be had, or undefined. Texts are kube-apiserver's port allocator's. */
export function refuseNodePort(backend: Backend, range: NodePortRange, port: number): string | undefined {
  if (port < range.min || port > range.max) {
    return `provided port is not in the valid range. The range of valid ports is ${range.min}-${range.max}`;
  }
  return backend.get(nodePortKey(port)) === undefined ? undefined : 'provided port is already allocated';
}

/** The condition and the write that take a port for a service. */
export function takeNodePort(service: JsonObject, port: number): { compare: Compare; op: Op } {
  const meta = child(service, 'metadata');
  const value = Buffer.from(JSON.stringify({ service: `${str(meta, 'namespace')}/${str(meta, 'name')}` }));
  const key = nodePortKey(port);
  return { compare: { key, modRevision: 0 }, op: { type: 'put', key, value, revisionAt: -1 } };
}
