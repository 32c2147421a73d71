import { dns1123Subdomain } from '../../../../machinery/names.js';
import type { FieldNode } from '../../../generic/field-node.js';

const MAX_GMSA_BYTES = 64 * 1024;
const MAX_DOMAIN = 256;
const MAX_USER = 104;
const NET_BIOS = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const DNS_DOMAIN =
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

function checkWindowsUser(options: FieldNode): void {
  const user = options.text('runAsUserName');
  if (!options.has('runAsUserName')) return;
  const report = (detail: string): void => options.invalid('runAsUserName', detail);
  if (user === '') return report('runAsUserName cannot be an empty string');
  if (/[\p{Cc}]/u.test(user)) return report('runAsUserName cannot contain control characters');
  const parts = user.split('\\');
  if (parts.length > 2) return report('runAsUserName cannot contain more than one backslash');
  const [domain, name] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : [undefined, parts[0] ?? ''];
  if (domain !== undefined && domain.length >= MAX_DOMAIN) {
    report(`runAsUserName's Domain length must be under ${MAX_DOMAIN} characters`);
  }
  if (domain !== undefined && !NET_BIOS.test(domain) && !DNS_DOMAIN.test(domain)) {
    report("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  }
  if (name === '') report("runAsUserName's User cannot be empty");
  else if (name.length > MAX_USER) {
    report(`runAsUserName's User length must not be longer than ${MAX_USER} characters`);
  }
  if (/^[. ]+$/.test(name)) report("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(name)) {
    report(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
  }
}

/** `windowsOptions` of a pod or container (validateWindowsSecurityContextOptions). */
export function checkWindowsOptions(options: FieldNode | undefined): void {
  if (options === undefined) return;
  if (options.has('gmsaCredentialSpecName')) options.checkText('gmsaCredentialSpecName', dns1123Subdomain);
  if (options.has('gmsaCredentialSpec')) {
    const spec = options.text('gmsaCredentialSpec');
    if (spec === '') options.invalid('gmsaCredentialSpec', 'gmsaCredentialSpec cannot be an empty string');
    else if (spec.length > MAX_GMSA_BYTES) {
      options.invalid('gmsaCredentialSpec', 'gmsaCredentialSpec size must be under 64 KiB');
    }
  }
  checkWindowsUser(options);
}
