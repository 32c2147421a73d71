import { certificateApproval, certificateSigning } from '../../internal/admission/certificates/index.js';
import { type AdmissionChain, defaultAdmission, orderedAdmission } from '../../internal/admission/index.js';
import type { Authorizer } from '../../internal/auth/types.js';
import { logger } from '../../internal/machinery/log.js';
import type { FlagValues } from './flags.js';

const log = logger('admission.ts');

/**
 * The default plugins with those that `--enable-admission-plugins` names and without those that
 * `--disable-admission-plugins` names; one that is asked for and not here is told.
 */
export function admissionChain(flags: FlagValues, authorizer: Authorizer): AdmissionChain {
  // Those that only validate may come last.
  const more = [certificateApproval(authorizer), certificateSigning(authorizer)];
  const enabled = new Set(flags.list('enable-admission-plugins'));
  const disabled = new Set(flags.list('disable-admission-plugins'));
  const known = new Set([...orderedAdmission, ...more].map((plugin) => plugin.name));
  for (const name of enabled) {
    if (!known.has(name)) log.warn(`--enable-admission-plugins ${name} has no effect: the plugin is not built yet`);
  }
  const on = orderedAdmission.filter((plugin) => defaultAdmission.includes(plugin) || enabled.has(plugin.name));
  return [...on, ...more].filter((plugin) => !disabled.has(plugin.name));
}
