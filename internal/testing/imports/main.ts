// Fails with a line for each import that points up the map of ARCHITECTURE.md, each file of the product that is too long,
// and each call of a seam beside its one caller. Part of `npm run lint`.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldersOfMap, importsOf, wrongDirections } from './directions.js';
import { wrongFiles } from './seams.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const folders = foldersOfMap(fs.readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8'));
const imports = importsOf(root, ['cmd', 'internal']);
const wrong = wrongDirections(imports, folders);
const sources = ['cmd', 'internal'].flatMap((folder) =>
  fs
    .readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.posix.join(folder, name))
    .map((file) => ({ file, text: fs.readFileSync(path.join(root, file), 'utf8') })),
);
const beside = wrongFiles(sources);
for (const line of [...wrong, ...beside]) process.stdout.write(`${line}\n`);
process.stdout.write(
  `${imports.length} imports between ${folders.length} folders, ${wrong.length} point up; ${sources.length} files, ${beside.length} against a rule\n`,
);
process.exitCode = wrong.length + beside.length === 0 && imports.length > 0 && folders.length > 0 ? 0 : 1;
