import type { Registry } from 'prom-client';
import type { AdmissionChain } from '../../internal/admission/admit.js';
import { type PluginConfiguration, readAdmissionConfiguration } from '../../internal/admission/config-file.js';
import { admissionChain } from '../../internal/admission/plugins.js';
import { roleEscalation } from '../../internal/admission/role-escalation/index.js';
import type { PluginParts } from '../../internal/admission/types.js';
import { Callout } from '../../internal/callout/index.js';
import type { RbacAuthorizer } from '../../internal/auth/rbac.js';
import type { FlagValues } from './flags.js';
import { reviewServer } from './review-server.js';

/**
 * The default plugins with those that `--enable-admission-plugins` names and without those that
 * `--disable-admission-plugins` names, as `--admission-control-config-file` configures them. `createNamespace` writes for
 * the server itself. Throws FatalError for a configuration that is wrong.
 */
export function admissionOf(
  flags: FlagValues,
  rbac: RbacAuthorizer,
  registry: Registry,
  calls: NonNullable<PluginParts['calls']>,
  createNamespace: (name: string) => Promise<void>,
): AdmissionChain {
  const [enable, disable] = [flags.list('enable-admission-plugins'), flags.list('disable-admission-plugins')];
  const configurations = configurationsOf(flags);
  return admissionChain({
    enable,
    disable,
    always: [roleEscalation(rbac)],
    registry,
    calls,
    createNamespace,
    kubeconfigServer: (file, timeoutMs) => reviewServer(file, calls.callout, timeoutMs),
    ...(configurations === undefined ? {} : { configurations }),
  });
}

/**
 * Reads what `--admission-control-config-file` says before anything is opened. Throws FatalError with what is wrong, also
 * for a plugin that is on and cannot be without a configuration.
 */
export function checkAdmissionConfiguration(flags: FlagValues): void {
  const [enable, disable] = [flags.list('enable-admission-plugins'), flags.list('disable-admission-plugins')];
  const configurations = configurationsOf(flags);
  const callout = new Callout();
  admissionChain({
    enable,
    disable,
    kubeconfigServer: (file, timeoutMs) => reviewServer(file, callout, timeoutMs),
    ...(configurations === undefined ? {} : { configurations }),
  });
}

function configurationsOf(flags: FlagValues): ReadonlyMap<string, PluginConfiguration> | undefined {
  const file = flags.string('admission-control-config-file');
  return file === '' ? undefined : readAdmissionConfiguration(file);
}
