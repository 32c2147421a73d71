// Fails with a line for each import that points up the map of ARCHITECTURE.md. Part of `npm run lint`.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldersOfMap, importsOf, wrongDirections } from './directions.js';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
const folders = foldersOfMap(fs.readFileSync(path.join(root, 'ARCHITECTURE.md'), 'utf8'));
const imports = importsOf(root, ['cmd', 'internal']);
const wrong = wrongDirections(imports, folders);
for (const line of wrong) process.stdout.write(`${line}\n`);
process.stdout.write(`${imports.length} imports between ${folders.length} folders, ${wrong.length} point up\n`);
process.exitCode = wrong.length === 0 && imports.length > 0 && folders.length > 0 ? 0 : 1;
