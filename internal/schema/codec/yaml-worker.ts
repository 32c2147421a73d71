import { parentPort } from 'node:worker_threads';
import { assert } from '../../machinery/assert.js';
import { YamlError, yamlToJson } from './yaml-decode.js';

/*
 * A thread that converts large YAML bodies, so that the loop of the replica is not held meanwhile: the grammar cannot be
 * read in slices. Started by yaml-thread.ts; takes bodies one at a time, answers each.
 */

/** What the thread answers for one body: its JSON, or what goyaml says of it. */
export type Converted =
  | { readonly json: Uint8Array; readonly duplicates: string | undefined }
  | { readonly problem: string };

function convert(body: Uint8Array): Converted {
  try {
    const { json, duplicates } = yamlToJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    return { json, duplicates };
  } catch (e) {
    if (!(e instanceof YamlError)) throw e;
    return { problem: e.message };
  }
}

assert(parentPort !== null, 'this file is the program of a thread');
const port = parentPort;
port.on('message', (body: Uint8Array) => port.postMessage(convert(body)));
