import type { JsonObject } from '../../machinery/json.js';
import { dedupeOwnerReferences } from '../../registry/generic/owner-references.js';

const HEAD =
  '.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ';
const AFTER_ADMISSION =
  '.metadata.ownerReferences contains duplicate entries after mutating admission happens; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ';

/** Drops repeated owner references and warns about them. */
export function dedupeOwners(meta: JsonObject, warnings: string[], afterAdmission: boolean): void {
  const duplicates = dedupeOwnerReferences(meta);
  if (duplicates.length > 0) warnings.push((afterAdmission ? AFTER_ADMISSION : HEAD) + duplicates.join(', '));
}
