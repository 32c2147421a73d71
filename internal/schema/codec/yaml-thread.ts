import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { badRequest, timeout, tooManyRequests } from '../../machinery/status.js';
import { YamlError, type YamlJson, yamlToJson } from './yaml-decode.js';
import type { Converted } from './yaml-worker.js';

/** YAML of fewer bytes is converted at once: it takes less than 20 ms, whatever stands in it. */
const AT_ONCE_BYTES = 8 * 1024;
/** Bodies that wait for the thread, which takes them one at a time; more are 429. */
const MAX_WAITING = 16;
/** The longest that the thread works at one body; 3 MiB of the worst shape that is known take 4 s. Then it is ended: 504. */
const MAX_MS = 30_000;
/** Memory of the thread; a body that takes more ends it and is a 400. */
const MAX_HEAP_MIB = 768;

interface Job {
  readonly body: Buffer;
  done(converted: Converted): void;
  fail(why: Error): void;
}

let worker: Worker | undefined;
let current: Job | undefined;
let deadline: NodeJS.Timeout | undefined;
const waiting: Job[] = [];

/** What the thread made of a body, until somebody reads it. */
const converted = new WeakMap<Buffer, Converted>();

/** From the sources: tsx loads the thread's program there too, which its `--import` does not do for threads. */
const FROM_SOURCE = `
const { workerData } = require('node:worker_threads');
import(workerData.tsx).then(({ tsImport }) => tsImport(workerData.program, workerData.program));
`;

function newWorker(): Worker {
  const resourceLimits = { maxOldGenerationSizeMb: MAX_HEAP_MIB };
  if (!import.meta.url.endsWith('.ts')) {
    // The bundle has the thread's program beside it.
    return new Worker(new URL('./yaml-worker.js', import.meta.url), { execArgv: [], resourceLimits });
  }
  const tsx = createRequire(import.meta.url).resolve('tsx/package.json');
  const workerData = {
    tsx: new URL('./dist/esm/api/index.mjs', pathToFileURL(tsx)).href,
    program: new URL('./yaml-worker.ts', import.meta.url).href,
  };
  return new Worker(FROM_SOURCE, { eval: true, execArgv: [], workerData, resourceLimits });
}

function startWorker(): Worker {
  const started = newWorker();
  started.unref();
  started.on('message', (answer: Converted) => finish((job) => job.done(answer)));
  started.on('error', (e: Error & { readonly code?: string }) => {
    const memory = e.code === 'ERR_WORKER_OUT_OF_MEMORY';
    lose(started, memory ? badRequest('yaml: the document takes more memory than one may') : e);
  });
  started.on('exit', () => lose(started, new Error('the thread that converts YAML ended')));
  return started;
}

/** The thread is no more: its body is answered with `why`, the next gets a new one. */
function lose(which: Worker, why: Error): void {
  if (worker !== which) return;
  worker = undefined;
  finish((job) => job.fail(why));
}

function finish(how: (job: Job) => void): void {
  clearTimeout(deadline);
  const job = current;
  current = undefined;
  if (job !== undefined) how(job);
  next();
}

function next(): void {
  if (current !== undefined) return;
  current = waiting.shift();
  if (current === undefined) return;
  worker ??= startWorker();
  const busy = worker;
  deadline = setTimeout(() => {
    lose(busy, timeout('the YAML of the request could not be converted in time'));
    void busy.terminate();
  }, MAX_MS);
  deadline.unref();
  busy.postMessage(current.body);
}

/**
 * Has a large YAML body converted by a thread, so that `yamlJson` finds the outcome; undefined for one that is small
 * enough to be converted when it is asked for. Rejects with StatusError: 429 when too many wait, 504, 400.
 */
export function prepareYaml(body: Buffer): Promise<void> | undefined {
  if (body.length < AT_ONCE_BYTES || converted.has(body)) return undefined;
  if (waiting.length >= MAX_WAITING) {
    return Promise.reject(tooManyRequests('Too many requests with large YAML bodies, please try again later.', 1));
  }
  return new Promise((done, fail) => {
    const keep = (answer: Converted): void => {
      converted.set(body, answer);
      done();
    };
    waiting.push({ body, done: keep, fail });
    next();
  });
}

/** A YAML body as JSON; throws YamlError. What `prepareYaml` was asked for before takes no time. */
export function yamlJson(body: Buffer): YamlJson {
  const ready = converted.get(body);
  if (ready === undefined) return yamlToJson(body);
  if ('problem' in ready) throw new YamlError(ready.problem);
  const { buffer, byteOffset, byteLength } = ready.json;
  return { json: Buffer.from(buffer, byteOffset, byteLength), duplicates: ready.duplicates };
}
