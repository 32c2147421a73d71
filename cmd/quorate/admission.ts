import { type AdmissionChain, defaultAdmission } from '../../internal/admission/index.js';
import { logger } from '../../internal/machinery/log.js';
import type { FlagValues } from './flags.js';

const log = logger('admission.ts');

/** The default plugins without those that `--disable-admission-plugins` names; one that is asked for and not here is told. */
export function admissionChain(flags: FlagValues): AdmissionChain {
  const disabled = new Set(flags.list('disable-admission-plugins'));
  const known = new Set(defaultAdmission.map((plugin) => plugin.name));
  for (const name of flags.list('enable-admission-plugins')) {
    if (!known.has(name)) log.warn(`--enable-admission-plugins ${name} has no effect: the plugin is not built yet`);
  }
  return defaultAdmission.filter((plugin) => !disabled.has(plugin.name));
}
