import { dirname, resolve } from 'node:path';
import { children, str } from '../machinery/access.js';
import { FatalError } from '../machinery/assert.js';
import { isObject, type JsonObject } from '../machinery/json.js';
import {
  checkFields,
  checkLists,
  decodeConfiguration,
  decodeUnknownConfiguration,
  readConfigurationFile,
} from '../schema/codec/configuration.js';

/** What the administrator wrote for one plugin. */
export interface PluginConfiguration {
  /** The file that it stands in, for error texts. */
  readonly path: string;
  /** With its own `apiVersion` and `kind`, which the plugin checks. */
  readonly object: JsonObject;
}

const VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.config.k8s.io/v1alpha1'];

/**
 * Reads the file of `--admission-control-config-file`: an AdmissionConfiguration, whose plugins have their configuration
 * in place or in a file of their own, named relative to this one. By plugin name; the first entry for a plugin counts, and
 * one without a configuration is as if it were not there. Throws FatalError with what is wrong.
 */
export function readAdmissionConfiguration(path: string): ReadonlyMap<string, PluginConfiguration> {
  const what = '--admission-control-config-file';
  const config = decodeConfiguration(readConfigurationFile(path, what), path, 'AdmissionConfiguration', VERSIONS);
  checkFields(config, path, '', ['apiVersion', 'kind', 'plugins']);
  checkLists(config, path, '', 'object', ['plugins']);
  const found = new Map<string, PluginConfiguration>();
  for (const [i, plugin] of children(config, 'plugins').entries()) {
    checkFields(plugin, path, `plugins[${i}].`, ['name', 'path', 'configuration']);
    const name = str(plugin, 'name');
    if (name === '') throw new FatalError(`${path}: plugins[${i}].name: Required value. Name the plugin.`);
    if (found.has(name)) continue;
    const own = ofPlugin(plugin, path, what);
    if (own !== undefined) found.set(name, own);
  }
  return found;
}

function ofPlugin(plugin: JsonObject, path: string, what: string): PluginConfiguration | undefined {
  const inPlace = plugin['configuration'];
  if (isObject(inPlace)) return { path, object: inPlace };
  const named = str(plugin, 'path');
  if (named === '') return undefined;
  const file = resolve(dirname(path), named);
  return { path: file, object: decodeUnknownConfiguration(readConfigurationFile(file, what), file) };
}
