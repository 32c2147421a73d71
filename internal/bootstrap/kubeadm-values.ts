import { isIP } from 'node:net';
import { child, children, num, str, strings } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { parseCidr } from '../machinery/ip.js';
import type { JsonObject } from '../machinery/json.js';
import { dns1123Subdomain } from '../machinery/names.js';
import { tokenOf } from './bootstrap-tokens.js';
import type { KubeadmConfig } from './kubeadm-config.js';
import { keyBytes } from './upload-certs.js';

/**
 * Holds the values of a configuration, with what flags put into it, against what they are used for later: nothing of a
 * machine or of a cluster is made by a configuration with which it would break off half way. Throws FatalError with all that
 * is wrong, by kubeadm's paths and in its words.
 */
export function refuseWrongValues({ cluster, init, join }: Partial<KubeadmConfig>): void {
  const wrong: string[] = [];
  const check = (path: string, value: string, isRight: boolean, why: string): void => {
    if (!isRight) wrong.push(`${path}: Invalid value: ${JSON.stringify(value)}: ${why}`);
  };
  const told = (path: string, look: () => unknown): void => {
    try {
      look();
    } catch (error) {
      if (!(error instanceof FatalError)) throw error;
      wrong.push(`${path}: ${error.message}`);
    }
  };
  const checkLocal = (holder: JsonObject | undefined, path: string): void => {
    const local = child(holder, 'localAPIEndpoint');
    const address = str(local, 'advertiseAddress');
    check(`${path}localAPIEndpoint.advertiseAddress`, address, isIP(address) !== 0, 'ip address is not valid');
    const port = num(local, 'bindPort') ?? 0;
    check(`${path}localAPIEndpoint.bindPort`, String(port), port > 0 && port < 65_536, 'port number is not valid');
  };
  const checkKey = (holder: JsonObject | undefined, path: string): void => {
    const key = str(holder, 'certificateKey');
    if (key !== '') told(`${path}certificateKey`, () => keyBytes(key));
  };

  const endpoint = str(cluster, 'controlPlaneEndpoint');
  check('controlPlaneEndpoint', endpoint, endpoint === '' || isEndpoint(endpoint), 'write host:port, or a host');
  const networking = child(cluster, 'networking');
  for (const field of ['serviceSubnet', 'podSubnet']) {
    const subnet = str(networking, field);
    const isRight = subnet === '' || subnet.split(',').every((cidr) => parseCidr(cidr.trim()) !== undefined);
    check(`networking.${field}`, subnet, isRight, "couldn't parse subnet: write e.g. 10.96.0.0/12");
  }
  const domain = str(networking, 'dnsDomain');
  check('networking.dnsDomain', domain, domain === '' || isDomain(domain), 'it is no DNS name');
  for (const name of strings(child(cluster, 'apiServer'), 'certSANs')) {
    const isRight = isIP(name) !== 0 || isDomain(name.replace(/^\*\./, ''));
    check(
      'apiServer.certSANs',
      name,
      isRight,
      'altname is not a valid IP address, DNS label or a DNS label with subdomain wildcards',
    );
  }
  if (init !== undefined) checkLocal(init, '');
  checkKey(init, '');
  children(init, 'bootstrapTokens').forEach((token, i) => {
    told(`bootstrapTokens[${i}]`, () => tokenOf(token, 0));
  });
  const member = child(join, 'controlPlane');
  if (member !== undefined) {
    checkLocal(member, 'controlPlane.');
    checkKey(member, 'controlPlane.');
  }
  if (wrong.length > 0) throw new FatalError(`the configuration is wrong: ${wrong.join('; ')}`);
}

const isDomain = (text: string): boolean => dns1123Subdomain(text.toLowerCase()).length === 0;

/** host:port, or a host alone; a host is a name or an address, IPv6 in brackets where a port follows. */
function isEndpoint(text: string): boolean {
  const [, bracketed, name, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text) ?? [];
  if (port !== undefined && !(Number(port) > 0 && Number(port) < 65_536)) return false;
  if (bracketed !== undefined) return isIP(bracketed) === 6;
  return name !== undefined && (isIP(name) !== 0 || isDomain(name));
}
