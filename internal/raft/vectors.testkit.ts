import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One case of a vector file: a command, its arguments, its further input lines, and the output expected of it. */
export interface VectorCase {
  readonly line: number;
  readonly command: string;
  readonly args: ReadonlyMap<string, readonly string[]>;
  readonly input: readonly string[];
  readonly expected: string;
}

/** Where the reference vectors lie, beside the repository; undefined when they are not there. */
export function vectorsDir(kind: 'quorum' | 'confchange'): string | undefined {
  const dir = fileURLToPath(new URL(`../../../shared/raft-vectors/${kind}`, import.meta.url));
  return existsSync(dir) ? dir : undefined;
}

export function vectorFiles(dir: string): string[] {
  return readdirSync(dir).filter((f) => f.endsWith('.txt'));
}

export function readVectors(dir: string, file: string): VectorCase[] {
  const cases: VectorCase[] = [];
  const lines = readFileSync(`${dir}/${file}`, 'utf8').split('\n');
  let head: string[] = [];
  let start = 0;
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? '';
    if (line === '----') {
      const output: string[] = [];
      for (i += 1; i < lines.length && lines[i] !== ''; i += 1) output.push(lines[i] ?? '');
      const [first = '', ...input] = head;
      cases.push({ line: start, ...parseCommand(first), input, expected: output.join('\n') });
      head = [];
    } else if (line !== '' && !line.startsWith('#')) {
      if (head.length === 0) start = i + 1;
      head.push(line);
    }
  }
  return cases;
}

function parseCommand(line: string): { command: string; args: Map<string, string[]> } {
  const command = line.split(' ')[0] ?? '';
  const args = new Map<string, string[]>();
  for (const match of line.matchAll(/(\w+)=(?:\(([^)]*)\)|(\S+))/g)) {
    const list = (match[2] ?? match[3] ?? '').split(',').map((v) => v.trim());
    args.set(
      match[1] ?? '',
      list.filter((v) => v !== ''),
    );
  }
  return { command, args };
}
