import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** Where sources and what they read are. */
const FOLDERS = ['bench', 'cmd', 'docs', 'internal', 'proto'];
/** Relative paths that a source names: imports, also of what only a worker thread runs. Types are gone when it runs. */
const NAMED_FILE = /(\bimport\s+type\s[^']*)?'(\.\.?\/[^'\n]+)\.(?:js|ts)'/g;
/** Whoever starts processes may run any file. */
const STARTS_PROCESSES = 'node:child_process';

/** The tree's files as they were when read: which file needs which others to run, and a fingerprint of that. */
export class Sources {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #imports = new Map<string, ReadonlySet<string>>();
  readonly #needs = new Map<string, ReadonlySet<string>>();
  readonly #fingerprints = new Map<string, string>();
  /** Of everything beside TypeScript and pages: tables, certificates, locked packages, this tool, Node itself. */
  readonly #others: string;
  /** Of all pages, which only a test depends on that names one. */
  readonly #pages: string;

  private constructor(texts: ReadonlyMap<string, string>, others: string, pages: string) {
    this.#texts = texts;
    this.#others = others;
    this.#pages = pages;
  }

  /** Reads the tree at `root`. */
  static read(root: string): Sources {
    const files = [
      ...fs.readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : [])),
      ...FOLDERS.flatMap((folder) =>
        fs
          .readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
          .flatMap((entry) => (entry.isFile() ? [path.relative(root, path.join(entry.parentPath, entry.name))] : [])),
      ),
    ].sort();
    const texts = new Map<string, string>();
    const others = crypto.createHash('sha256').update(process.version);
    const pages = crypto.createHash('sha256');
    for (const file of files) {
      const bytes = fs.readFileSync(path.join(root, file));
      if (file.endsWith('.ts')) texts.set(file, bytes.toString('utf8'));
      if (file.endsWith('.ts') && !isOfTool(file)) continue;
      (file.endsWith('.md') ? pages : others).update(`${file}\0${bytes.length}\0`).update(bytes);
    }
    return new Sources(texts, others.digest('hex'), pages.digest('hex'));
  }

  /** The test files whose paths contain one of `parts`, sorted. */
  tests(parts: readonly string[]): string[] {
    return [...this.#texts.keys()].filter(
      (file) => file.endsWith('.test.ts') && parts.some((part) => file.includes(part)),
    );
  }

  /** The files that this one imports itself when it runs. */
  imports(file: string): ReadonlySet<string> {
    const known = this.#imports.get(file);
    if (known !== undefined) return known;
    const imports = new Set<string>();
    for (const [, type, to] of (this.#texts.get(file) ?? '').matchAll(NAMED_FILE)) {
      const target = `${path.posix.join(path.posix.dirname(file), to ?? '')}.ts`;
      if (type === undefined && this.#texts.has(target)) imports.add(target);
    }
    this.#imports.set(file, imports);
    return imports;
  }

  /** The file itself and every file that it imports when it runs, however indirectly. */
  needs(file: string): ReadonlySet<string> {
    const known = this.#needs.get(file);
    if (known !== undefined) return known;
    const needed = new Set([file]);
    for (const from of needed) for (const to of this.imports(from)) needed.add(to);
    this.#needs.set(file, needed);
    return needed;
  }

  /**
   * Changes with everything that a run of this test file may depend on: what it needs, what is no TypeScript (of pages: where it
   * names one) and, where it starts processes, every file that is no test.
   */
  fingerprint(test: string): string {
    const known = this.#fingerprints.get(test);
    if (known !== undefined) return known;
    const needed = new Set(this.needs(test));
    if ([...needed].some((file) => this.#texts.get(file)?.includes(STARTS_PROCESSES))) {
      for (const file of this.#texts.keys()) if (!file.endsWith('.test.ts')) needed.add(file);
    }
    const hash = crypto.createHash('sha256').update(this.#others);
    if ([...needed].some((file) => this.#texts.get(file)?.includes('.md'))) hash.update(this.#pages);
    for (const file of [...needed].sort()) {
      const text = this.#texts.get(file) ?? '';
      hash.update(`${file}\0${text.length}\0${text}`);
    }
    const fingerprint = hash.digest('hex');
    this.#fingerprints.set(test, fingerprint);
    return fingerprint;
  }
}

/** The parts of this tool that decide what a run says. */
const isOfTool = (file: string): boolean =>
  /^internal\/testing\/mutants\/(?:mutants|setup|test-runner|test-process)\.ts$/.test(file);
