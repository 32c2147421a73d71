import type { ChildProcess } from 'node:child_process';

/** The first match of `pattern` in what a program says that goes on, on one of these streams. Rejects when it ends before. */
export function says(
  child: ChildProcess,
  pattern: RegExp,
  streams: readonly ('stdout' | 'stderr')[] = ['stdout', 'stderr'],
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = '';
    const look = (chunk: Buffer): void => {
      text += chunk.toString();
      const found = pattern.exec(text);
      if (found !== null) resolve(found);
    };
    for (const stream of streams) child[stream]?.on('data', look);
    child.once('exit', () => reject(new Error(`it said ${text}, and nothing like ${pattern.source}`)));
  });
}
