import { child, str, strings } from '../../machinery/access.js';
import { FatalError } from '../../machinery/assert.js';
import { duplicate, errorText, type FieldError, invalidValue } from '../../machinery/field.js';
import type { JsonObject } from '../../machinery/json.js';
import { dns1123Label, dns1123Subdomain } from '../../machinery/names.js';
import { checkFields, checkKind, checkLists } from '../../schema/codec/configuration.js';
import type { PluginConfiguration } from '../config-file.js';
import { type Level, LATEST, LEVEL_RULE, parseLevel, parseVersion, type Version, VERSION_RULE } from './levels.js';
import { type Mode, type Policy, PRIVILEGED_POLICY } from './policy.js';

/** What an administrator may decide for all namespaces. */
export interface PodSecurityConfiguration {
  /** Holds where a namespace's labels say nothing. */
  readonly defaults: Policy;
  readonly exempt: {
    readonly usernames: ReadonlySet<string>;
    readonly namespaces: ReadonlySet<string>;
    readonly runtimeClasses: ReadonlySet<string>;
  };
}

const NOBODY: ReadonlySet<string> = new Set();

/** Without a configuration nothing is forbidden where no label forbids it, and nobody is exempt. */
export const DEFAULT_CONFIGURATION: PodSecurityConfiguration = {
  defaults: PRIVILEGED_POLICY,
  exempt: { usernames: NOBODY, namespaces: NOBODY, runtimeClasses: NOBODY },
};

const GROUP = 'pod-security.admission.config.k8s.io';
const VERSIONS = [`${GROUP}/v1`, `${GROUP}/v1beta1`, `${GROUP}/v1alpha1`];
const MODES: readonly Mode[] = ['enforce', 'audit', 'warn'];

/** Reads a PodSecurityConfiguration. Throws FatalError with all that is wrong. */
export function podSecurityConfiguration({ path, object }: PluginConfiguration): PodSecurityConfiguration {
  checkKind(object, path, 'PodSecurityConfiguration', VERSIONS);
  checkFields(object, path, '', ['apiVersion', 'kind', 'defaults', 'exemptions']);
  const [defaults, exemptions] = [child(object, 'defaults') ?? {}, child(object, 'exemptions') ?? {}];
  checkFields(
    defaults,
    path,
    'defaults.',
    MODES.flatMap((mode) => [mode, `${mode}-version`]),
  );
  checkFields(exemptions, path, 'exemptions.', ['usernames', 'namespaces', 'runtimeClasses']);
  checkLists(exemptions, path, 'exemptions.', 'string', ['usernames', 'namespaces', 'runtimeClasses']);
  const errors: FieldError[] = [];
  const configuration: PodSecurityConfiguration = {
    defaults: defaultsOf(defaults, errors),
    exempt: {
      namespaces: names(exemptions, 'namespaces', dns1123Label, errors),
      runtimeClasses: names(exemptions, 'runtimeClasses', dns1123Subdomain, errors),
      usernames: names(exemptions, 'usernames', (n) => (n === '' ? ['username must not be empty'] : []), errors),
    },
  };
  if (errors.length === 0) return configuration;
  throw new FatalError(`${path}: PodSecurity invalid: ${errors.map(errorText).join(', ')}. Mend the file.`);
}

function defaultsOf(given: JsonObject, errors: FieldError[]): Policy {
  const level = (mode: Mode): Level => {
    const text = str(given, mode) || 'privileged';
    const parsed = parseLevel(text);
    if (parsed === undefined) errors.push(invalidValue(`defaults.${mode}`, text, LEVEL_RULE));
    return parsed ?? 'restricted';
  };
  const version = (mode: Mode): Version => {
    const text = str(given, `${mode}-version`) || LATEST.text;
    const parsed = parseVersion(text);
    if (parsed === undefined) errors.push(invalidValue(`defaults.${mode}-version`, text, VERSION_RULE));
    return parsed ?? LATEST;
  };
  const of = (mode: Mode) => ({ level: level(mode), version: version(mode) });
  return { enforce: of('enforce'), audit: of('audit'), warn: of('warn') };
}

function names(
  exemptions: JsonObject,
  list: string,
  problems: (name: string) => string[],
  errors: FieldError[],
): ReadonlySet<string> {
  const found = new Set<string>();
  for (const [i, name] of strings(exemptions, list).entries()) {
    const at = `exemptions.${list}[${i}]`;
    const wrong = problems(name);
    if (wrong.length > 0) errors.push(invalidValue(at, name, wrong.join(', ')));
    else if (found.has(name)) errors.push(duplicate(at, name));
    found.add(name);
  }
  return found;
}
