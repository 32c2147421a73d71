import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { ReplicaConfig, ReplicaStatus } from '../replica/index.js';
import type { TxnResult } from '../store/types.js';

/** What the parent asks a replica in a process of its own. Values are text here. */
export type Request =
  | { readonly op: 'open'; readonly config: ReplicaConfig }
  | { readonly op: 'put'; readonly key: string; readonly text: string; readonly timeoutMs: number }
  | { readonly op: 'read'; readonly key: string }
  | { readonly op: 'list'; readonly start: string; readonly end: string }
  | { readonly op: 'status' }
  | { readonly op: 'close' };

export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
}

/** The directory of the program that such processes run, while there is one. */
let built: Promise<string> | undefined;

/**
 * Makes one file of the program: read module by module through tsx, a start takes four times as much of the processor.
 * The directory of `replica.mjs`.
 */
async function buildProgram(): Promise<string> {
  // Inside the repository, so that packages are found.
  const out = mkdtempSync(join(import.meta.dirname, '../../node_modules/.quorate-replica-'));
  await build({
    entryPoints: [join(import.meta.dirname, 'replica-process-main.ts')],
    outfile: join(out, 'replica.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  });
  return out;
}

/** Removes the program, for the end of a test file: nothing else does. */
export async function removeProgram(): Promise<void> {
  if (built === undefined) return;
  rmSync(await built, { recursive: true, force: true });
  built = undefined;
}

/** A replica in a process of its own, which can be killed. */
export class ReplicaProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #next = 1;

  private constructor(file: string, env: Readonly<Record<string, string>>) {
    this.#child = fork(file, [], {
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      env: { ...process.env, ...env },
    });
    this.#child.on('message', (answer: Answer) => {
      const waiter = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (answer.error === undefined) waiter?.resolve(answer.result);
      else waiter?.reject(Object.assign(new Error(answer.error.message), { name: answer.error.name }));
    });
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the process ended'));
      this.#waiting.clear();
    });
  }

  /** `env` is added to the environment. */
  static async start(config: ReplicaConfig, env: Readonly<Record<string, string>> = {}): Promise<ReplicaProcess> {
    const replica = new ReplicaProcess(join(await (built ??= buildProgram()), 'replica.mjs'), env);
    try {
      await replica.#ask({ op: 'open', config });
    } catch (error) {
      await replica.kill();
      throw error;
    }
    return replica;
  }

  put(key: string, text: string, timeoutMs = 10_000): Promise<TxnResult> {
    return this.#ask({ op: 'put', key, text, timeoutMs }) as Promise<TxnResult>;
  }
  /** Linearizable. */
  read(key: string): Promise<string | undefined> {
    return this.#ask({ op: 'read', key }) as Promise<string | undefined>;
  }
  /** Linearizable; texts by key. */
  list(start: string, end: string): Promise<Readonly<Record<string, string>>> {
    return this.#ask({ op: 'list', start, end }) as Promise<Readonly<Record<string, string>>>;
  }
  status(): Promise<ReplicaStatus> {
    return this.#ask({ op: 'status' }) as Promise<ReplicaStatus>;
  }

  #ask(request: Request): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (!this.#child.connected) {
        reject(new Error('the process ended'));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      // A process that was just killed may still count as connected: without a callback nobody could catch the error.
      this.#child.send({ id, request }, (error) => {
        if (error === null) return;
        this.#waiting.delete(id);
        reject(error);
      });
    });
  }

  /** Sends a signal (default SIGKILL) and waits for the end of the process, unless it is only stopped or continued. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await once(this.#child, 'exit');
  }
}
