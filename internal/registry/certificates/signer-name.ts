import { dns1123Label, dns1123Subdomain } from '../../machinery/names.js';
import type { FieldNode } from '../generic/field-node.js';

const MAX_DOMAIN_BYTES = 253;
/** A label, a dot and a subdomain behind the slash. */
const MAX_BYTES = MAX_DOMAIN_BYTES + 1 + 253 + 63 + 1;

/** Field errors of the name of a signer: a domain and a path, such as `example.com/my-signer`. */
export function checkSignerName(spec: FieldNode): void {
  const key = 'signerName';
  const name = spec.text(key);
  const [domain = '', path = '', ...more] = name.split('/');
  if (name === '') spec.required(key);
  else if (more.length > 0 || !name.includes('/')) {
    spec.invalid(key, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
  } else {
    if (domain.length > MAX_DOMAIN_BYTES) spec.tooLong(key, MAX_DOMAIN_BYTES);
    const labels = domain.split('.');
    for (const label of labels) {
      for (const why of dns1123Label(label)) spec.invalid(key, `validating label "${label}": ${why}`, domain);
    }
    if (labels.length < 2) spec.invalid(key, 'should be a domain with at least two segments separated by dots', domain);
    for (const label of path.split('.')) {
      for (const why of dns1123Subdomain(label)) spec.invalid(key, `validating label "${label}": ${why}`, path);
    }
    if (name.length > MAX_BYTES) spec.tooLong(key, MAX_BYTES);
  }
}
