import { isSloppyIP } from '../../machinery/formats.js';
import { dns1123Subdomain } from '../../machinery/names.js';
import type { FieldNode } from './field-node.js';

/** The field error of an address where a name in DNS belongs. */
export const IP_AS_HOST = 'must be a DNS name, not an IP address';

/** The `hostname` of a point where a load balancer takes traffic: a name in DNS, not an address. */
export function checkIngressHostname(point: FieldNode): void {
  const hostname = point.text('hostname');
  if (hostname === '') return;
  point.checkText('hostname', dns1123Subdomain);
  if (isSloppyIP(hostname)) point.invalid('hostname', IP_AS_HOST);
}
