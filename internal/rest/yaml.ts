import { dump } from 'js-yaml';
import { parseJson } from '../schema/codec/index.js';

/** YAML of a JSON text, as sigs.k8s.io/yaml prints it: keys sorted, no line folding. */
export function yamlOf(json: string): string {
  return dump(parseJson(json), { sortKeys: true, lineWidth: -1, noRefs: true });
}
