import { encodeYaml, parseJson } from '../schema/codec/index.js';

/** YAML of a JSON text, in kube-apiserver's style. */
export function yamlOf(json: string): Buffer {
  return encodeYaml(parseJson(json));
}
