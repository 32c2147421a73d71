import type { StatusError } from '../../machinery/status.js';

const GO_KINDS: Readonly<Record<string, string>> = { object: 'map', array: 'slice', number: 'int64' };

/** What is wrong with a value, of the 400 with which decoding it as a type ended. */
export function decodeText(error: StatusError): string {
  return error.message.replace(/^.*? cannot be handled as an? [^:]+: /s, '');
}

/**
 * The same in the words of the converter that kube-apiserver uses for what strategic merge and server-side apply come to
 * (runtime.FromUnstructured).
 */
export function unstructuredText(error: StatusError): string {
  const text = decodeText(error);
  if (text.startsWith('illegal base64 data')) return `error decoding from json: ${text}`;
  const fraction = /^json: cannot unmarshal number \S*[.eE]\S* into Go struct field \S+ of type (\w+)$/.exec(text);
  if (fraction !== null) return `cannot convert float64 to ${fraction[1]}`;
  const m = /^json: cannot unmarshal (\w+) into Go .* of type (\S+)$/.exec(text);
  if (m === null) return text;
  const [, got = '', wanted = ''] = m;
  const kind = GO_KINDS[got] ?? got;
  if (wanted.startsWith('map[')) return `cannot restore map from ${kind}`;
  if (wanted.startsWith('[]')) return `cannot restore slice from ${kind}`;
  if (wanted.includes('.')) return `cannot restore struct from: ${kind}`;
  if (got === 'number' && wanted === 'string') return 'cannot convert int64 to string';
  return `unrecognized type: ${wanted}`;
}
