import { certificateApproval, certificateSigning } from '../../internal/admission/certificates/index.js';
import { type AdmissionChain, defaultAdmission } from '../../internal/admission/index.js';
import type { Authorizer } from '../../internal/auth/types.js';
import { logger } from '../../internal/machinery/log.js';
import type { FlagValues } from './flags.js';

const log = logger('admission.ts');

/** The default plugins without those that `--disable-admission-plugins` names; one that is asked for and not here is told. */
export function admissionChain(flags: FlagValues, authorizer: Authorizer): AdmissionChain {
  // Those that only validate may come last.
  const plugins = [...defaultAdmission, certificateApproval(authorizer), certificateSigning(authorizer)];
  const disabled = new Set(flags.list('disable-admission-plugins'));
  const known = new Set(plugins.map((plugin) => plugin.name));
  for (const name of flags.list('enable-admission-plugins')) {
    if (!known.has(name)) log.warn(`--enable-admission-plugins ${name} has no effect: the plugin is not built yet`);
  }
  return plugins.filter((plugin) => !disabled.has(plugin.name));
}
