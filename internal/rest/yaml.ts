import { encodeYaml, encodeYamlInTurns, parseJson } from '../schema/codec/index.js';

/** YAML of a JSON text, in kube-apiserver's style. */
export function yamlOf(json: string): Buffer {
  return encodeYaml(parseJson(json));
}

/** The same for a text that may be large: others get their turn meanwhile. */
export function yamlInTurns(json: string): Buffer | Promise<Buffer> {
  return encodeYamlInTurns(parseJson(json));
}
