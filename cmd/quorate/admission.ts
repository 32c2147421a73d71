import type { AdmissionChain } from '../../internal/admission/admit.js';
import { admissionChain, missingPlugins } from '../../internal/admission/plugins.js';
import { roleEscalation } from '../../internal/admission/role-escalation/index.js';
import type { RbacAuthorizer } from '../../internal/auth/rbac.js';
import { logger } from '../../internal/machinery/log.js';
import type { FlagValues } from './flags.js';

const log = logger('admission.ts');

/**
 * The default plugins with those that `--enable-admission-plugins` names and without those that
 * `--disable-admission-plugins` names; one that is asked for and not built is told.
 */
export function admissionOf(flags: FlagValues, rbac: RbacAuthorizer): AdmissionChain {
  const [enable, disable] = [flags.list('enable-admission-plugins'), flags.list('disable-admission-plugins')];
  for (const name of missingPlugins(enable)) {
    log.warn(`--enable-admission-plugins ${name} has no effect: the plugin is not built yet`);
  }
  return admissionChain({ enable, disable, always: [roleEscalation(rbac)] });
}
