import { dns1123Label, dns1123Subdomain, regexText } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';

const MAX_DRIVER_BYTES = 63;
const MAX_POOL_BYTES = 253;
const MAX_ID_BYTES = 32;

/** Field errors of the name of a driver: a subdomain in any case, at most 63 bytes. */
export function checkDriverName(owner: FieldNode, key: string, name = owner.text(key)): void {
  if (name === '') {
    owner.required(key);
    return;
  }
  if (Buffer.byteLength(name) > MAX_DRIVER_BYTES) owner.tooLong(key, MAX_DRIVER_BYTES);
  for (const message of dns1123Subdomain(name.toLowerCase())) owner.invalid(key, message, name);
}

/** Field errors of the name of a pool: subdomains with slashes between them. */
export function checkPoolName(owner: FieldNode, key: string): void {
  const name = owner.text(key);
  if (name === '') {
    owner.required(key);
    return;
  }
  if (Buffer.byteLength(name) > MAX_POOL_BYTES) owner.tooLong(key, MAX_POOL_BYTES);
  for (const part of name.split('/')) owner.checkText(key, dns1123Subdomain, part);
}

export const checkDeviceName = (owner: FieldNode, key: string): void => owner.checkText(key, dns1123Label);

const C_IDENTIFIER_FMT = '[A-Za-z_][A-Za-z0-9_]*';
const C_IDENTIFIER = new RegExp(`^${C_IDENTIFIER_FMT}$`);
const C_IDENTIFIER_TEXT = regexText(
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'",
  C_IDENTIFIER_FMT,
  'my_name',
  'MY_NAME',
  'MyName',
);

function checkIdentifier(owner: FieldNode, at: string, id: string): void {
  if (Buffer.byteLength(id) > MAX_ID_BYTES) owner.tooLong(at, MAX_ID_BYTES);
  if (!C_IDENTIFIER.test(id)) owner.invalid(at, C_IDENTIFIER_TEXT, id);
}

/** Field errors of the name of an attribute or capacity: a C identifier, with or without the domain of a driver. */
export function checkQualifiedName(owner: FieldNode, at: string, name: string): void {
  const parts = name.split('/');
  const [domain = '', id = ''] = parts;
  if (parts.length === 1) checkIdentifier(owner, at, domain);
  if (parts.length !== 2) return;
  if (domain === '') owner.invalid(at, 'the domain must not be empty', '');
  else checkDriverName(owner, at, domain);
  if (id === '') owner.invalid(at, 'the name must not be empty', '');
  else checkIdentifier(owner, at, id);
}

/** As `checkQualifiedName`, and the domain must be there. */
export function checkFullName(owner: FieldNode, key: string): void {
  const name = owner.text(key);
  checkQualifiedName(owner, key, name);
  if (!name.includes('/')) {
    owner.invalid(key, 'a fully qualified name must be a domain and a name separated by a slash', name);
  }
}
