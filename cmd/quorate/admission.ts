import type { Registry } from 'prom-client';
import type { AdmissionChain } from '../../internal/admission/admit.js';
import { type PluginConfiguration, readAdmissionConfiguration } from '../../internal/admission/config-file.js';
import { admissionChain, pluginNames } from '../../internal/admission/plugins.js';
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
  const configurations = configurationsOf(flags);
  return admissionChain({
    ...pluginsOf(flags),
    always: [roleEscalation(rbac)],
    registry,
    calls,
    createNamespace,
    tolerationSeconds: {
      notReady: flags.int('default-not-ready-toleration-seconds'),
      unreachable: flags.int('default-unreachable-toleration-seconds'),
    },
    kubeconfigServer: (file, timeoutMs) => reviewServer(file, calls.callout, timeoutMs),
    ...(configurations === undefined ? {} : { configurations }),
  });
}

/**
 * Reads what `--admission-control-config-file` says before anything is opened. Throws FatalError with what is wrong, also
 * for a plugin that is on and cannot be without a configuration.
 */
export function checkAdmissionConfiguration(flags: FlagValues): void {
  const configurations = configurationsOf(flags);
  const callout = new Callout();
  admissionChain({
    ...pluginsOf(flags),
    kubeconfigServer: (file, timeoutMs) => reviewServer(file, callout, timeoutMs),
    ...(configurations === undefined ? {} : { configurations }),
  });
}

/** Which plugins are on and off beside the default; `--admission-control` names all that are on. */
function pluginsOf(flags: FlagValues): { readonly enable: readonly string[]; readonly disable: readonly string[] } {
  const only = flags.list('admission-control');
  if (only.length > 0) return { enable: only, disable: pluginNames.filter((name) => !only.includes(name)) };
  return { enable: flags.list('enable-admission-plugins'), disable: flags.list('disable-admission-plugins') };
}

/** What is wrong with the flags that choose plugins, in kube-apiserver's words. */
export function pluginFaults(flags: FlagValues): string[] {
  const faults: string[] = [];
  const chosen = ['enable-admission-plugins', 'disable-admission-plugins'];
  for (const name of ['admission-control', ...chosen]) {
    for (const plugin of flags.list(name)) {
      if (!pluginNames.includes(plugin)) faults.push(`${name} plugin ${JSON.stringify(plugin)} is unknown`);
    }
  }
  if (flags.list('admission-control').length > 0 && chosen.some((name) => flags.list(name).length > 0)) {
    faults.push(
      'admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive',
    );
  }
  return faults;
}

function configurationsOf(flags: FlagValues): ReadonlyMap<string, PluginConfiguration> | undefined {
  const file = flags.string('admission-control-config-file');
  return file === '' ? undefined : readAdmissionConfiguration(file);
}
