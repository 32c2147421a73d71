import { LARGE_BYTES, nextTurn } from '../machinery/breathe.js';
import { encodeYaml, encodeYamlInTurns, parseJson, parseJsonInTurns } from '../schema/codec/index.js';

/** YAML of a JSON text, in kube-apiserver's style. */
export function yamlOf(json: string): Buffer {
  return encodeYaml(parseJson(json));
}

/** The same for a text that may be large: others get their turn meanwhile. */
export async function yamlInTurns(json: string): Promise<Buffer> {
  if (json.length < LARGE_BYTES) return encodeYamlInTurns(parseJson(json));
  const value = await parseJsonInTurns(json, nextTurn);
  await nextTurn();
  return encodeYamlInTurns(value);
}
