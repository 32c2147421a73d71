import { isSloppyIP, legacyIP } from '../../../../machinery/formats.js';
import { invalidValue } from '../../../../machinery/field.js';
import type { JsonObject } from '../../../../machinery/json.js';
import { dns1123Subdomain } from '../../../../machinery/names.js';
import { FieldNode } from '../../../generic/field-node.js';
import { searchPath } from '../texts.js';

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2048;

/** `dnsConfig`, and whether `dnsPolicy` leaves it open (validatePodDNSConfig). `old`: the spec that is replaced. */
export function checkDns(spec: FieldNode, old: JsonObject | undefined): void {
  const config = spec.child('dnsConfig');
  if (spec.text('dnsPolicy') === 'None') {
    if (config === undefined) {
      spec.required('dnsConfig', 'must provide `dnsConfig` when `dnsPolicy` is None');
      return;
    }
    if (config.count('nameservers') === 0) {
      config.required('nameservers', 'must provide at least one DNS nameserver when `dnsPolicy` is None');
      return;
    }
  }
  if (config === undefined) return;
  const servers = config.texts('nameservers');
  if (servers.length > MAX_NAMESERVERS) {
    config.invalid('nameservers', `must not have more than ${MAX_NAMESERVERS} nameservers`);
  }
  const before = new Set(old === undefined ? [] : new FieldNode(old).struct('dnsConfig').texts('nameservers'));
  for (const [i, ip] of servers.entries()) {
    for (const message of legacyIPUnless(before, ip)) {
      config.add(invalidValue(`${config.at('nameservers')}[${i}]`, ip, message));
    }
  }
  const searches = config.texts('searches');
  if (searches.length > MAX_SEARCHES) {
    config.invalid('searches', `must not have more than ${MAX_SEARCHES} search paths`);
  }
  if (searches.join(' ').length > MAX_SEARCH_CHARACTERS) {
    const text = `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`;
    config.invalid('searches', text);
  }
  for (const [i, search] of searches.entries()) {
    for (const message of searchPath(search)) {
      const shown = search !== '.' && search.endsWith('.') ? search.slice(0, -1) : search;
      config.add(invalidValue(`${config.at('searches')}[${i}]`, shown, message));
    }
  }
  for (const option of config.list('options')) {
    if (option.text('name') === '') option.required('', 'must not be empty');
  }
}

/** Addresses that the old object had are read as leniently as then. */
function legacyIPUnless(before: ReadonlySet<string>, ip: string): string[] {
  return before.has(ip) && isSloppyIP(ip) ? [] : legacyIP(ip);
}

/** `hostAliases`. `old`: the spec that is replaced. */
export function checkHostAliases(spec: FieldNode, old: JsonObject | undefined): void {
  const aliases = spec.list('hostAliases');
  if (aliases.length === 0) return;
  const before = new Set(old === undefined ? [] : new FieldNode(old).list('hostAliases').map((a) => a.text('ip')));
  for (const alias of aliases) {
    for (const message of legacyIPUnless(before, alias.text('ip'))) alias.invalid('ip', message, alias.text('ip'));
    for (const [i, host] of alias.texts('hostnames').entries()) {
      for (const message of dns1123Subdomain(host)) {
        alias.add(invalidValue(`${alias.at('hostnames')}[${i}]`, host, message));
      }
    }
  }
}
