import { nextTurn } from '../machinery/breathe.js';
import { encodeYaml, encodeYamlInTurns, parseJson, parseJsonInTurns } from '../schema/codec/index.js';

/** YAML of a JSON text, in kube-apiserver's style. */
export function yamlOf(json: string): Buffer {
  return encodeYaml(parseJson(json));
}

/** To read so long a text is a piece of work by itself. */
const LARGE_LENGTH = 64 * 1024;

/** The same for a text that may be large: others get their turn meanwhile. */
export async function yamlInTurns(json: string): Promise<Buffer> {
  if (json.length < LARGE_LENGTH) return encodeYamlInTurns(parseJson(json));
  const value = await parseJsonInTurns(json, nextTurn);
  await nextTurn();
  return encodeYamlInTurns(value);
}
