import { type StatusCause, StatusError } from '../../machinery/status.js';
import { elementText } from './element.js';
import { paths } from './fieldset.js';
import type { Manager } from './managed.js';
import type { Conflicts } from './updater.js';

/** `"bob" with subresource "status" using apps/v1`; appliers without version. */
function managerText(m: Manager): string {
  const name = JSON.stringify(m.name);
  const where = m.subresource === '' ? name : `${name} with subresource ${JSON.stringify(m.subresource)}`;
  return m.operation === 'Update' ? `${where} using ${m.apiVersion}` : where;
}

/** The 409 of an apply: one cause for each field and manager, managers in the order of their identities. */
export function conflictError(conflicts: Conflicts): StatusError {
  const causes: StatusCause[] = [];
  const lines: string[] = [];
  const sorted = [...conflicts].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, { manager, fields }] of sorted) {
    const who = managerText(manager);
    lines.push(`conflicts with ${who}:`);
    for (const path of paths(fields)) {
      const field = path.map(elementText).join('');
      causes.push({ reason: 'FieldManagerConflict', message: `conflict with ${who}`, field });
      lines.push(`- ${field}`);
    }
  }
  const [only] = causes;
  const message =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${only?.message ?? ''}: ${only?.field ?? ''}`
      : `Apply failed with ${causes.length} conflicts: ${lines.join('\n')}`;
  return new StatusError(409, 'Conflict', message, { causes });
}
