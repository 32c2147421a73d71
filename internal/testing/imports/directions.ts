import fs from 'node:fs';
import path from 'node:path';

/** One import of one file, both as paths below the repository's root. */
export interface Import {
  readonly from: string;
  readonly to: string;
}

/**
 * The folders of the product in the order of the map in ARCHITECTURE.md, whose imports point down the list. A folder that
 * the map shows apart from the one around it is part of that.
 */
export function foldersOfMap(architecture: string): string[] {
  const map = /^## The map$([\s\S]*?)^## /m.exec(architecture)?.[1] ?? '';
  const folders = [...map.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap((row) =>
    [...(row[1] ?? '').matchAll(/`([^`]+\/)`/g)].map((m) => m[1] ?? '').filter((f) => /^(cmd|internal)\//.test(f)),
  );
  return folders.filter((f) => !folders.some((other) => other !== f && f.startsWith(other)));
}

/** Whether a file is a test, or only there for tests. */
export const isTestFile = (file: string): boolean =>
  /\.(test|testkit|bench)\.ts$/.test(file) || /\/testing(\/|\.ts$)/.test(file);

/** The imports of the product that point up the map, or at a test, in the order of the files. */
export function wrongDirections(imports: readonly Import[], folders: readonly string[]): string[] {
  const wrong: string[] = [];
  const folderOf = (file: string): string | undefined => folders.find((f) => file.startsWith(f));
  for (const { from, to } of imports) {
    if (isTestFile(from)) continue;
    if (isTestFile(to)) {
      wrong.push(`${from}: imports ${to}, which is for tests`);
      continue;
    }
    const [a, b] = [folderOf(from), folderOf(to)];
    if (a === undefined) wrong.push(`${from}: is in no folder of the map in ARCHITECTURE.md`);
    else if (b !== undefined && folders.indexOf(b) < folders.indexOf(a)) {
      wrong.push(`${from}: imports ${to}: ${b} stands above ${a} in the map of ARCHITECTURE.md`);
    }
  }
  return wrong;
}

/** Every relative import, types included, of the TypeScript files below `folders` of `root`. */
export function importsOf(root: string, folders: readonly string[]): Import[] {
  return folders.flatMap((folder) =>
    fs
      .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const from = path.posix.join(folder, name);
        const text = fs.readFileSync(path.join(root, from), 'utf8');
        return [...text.matchAll(/\bfrom\s+'(\.[^']+)\.js'|\bimport\('(\.[^']+)\.js'\)/g)].map((m) => ({
          from,
          to: `${path.posix.join(path.posix.dirname(from), m[1] ?? m[2] ?? '')}.ts`,
        }));
      }),
  );
}
