import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../machinery/json.js';
import { typeByKind } from '../index.js';
import { decodeBody, encodeObject, transcodeStored } from './body.js';
import { parseJson } from './json.js';

// Reference data (one object of every kind in three encodings) lies beside the repository on developers' machines.
const folder = path.resolve(import.meta.dirname, '../../../../shared/kubernetes-1.36/roundtrip');
const present = existsSync(folder);
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

interface Sample {
  readonly name: string;
  readonly type: string;
}

function samples(): Sample[] {
  const found: Sample[] = [];
  for (const file of readdirSync(folder)) {
    if (!file.endsWith('.json')) continue;
    const { kind, apiVersion } = parseJson(readFileSync(path.join(folder, file))) as JsonObject;
    if (typeof kind !== 'string' || typeof apiVersion !== 'string') continue;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const type = typeByKind(group ?? '', version ?? '', kind);
    if (type !== undefined) found.push({ name: file.slice(0, -5), type: type.name });
  }
  return found;
}

describe.skipIf(!present)(
  'every kind in JSON, YAML and protobuf (skipped without ../shared/kubernetes-1.36/roundtrip)',
  () => {
    const all = present ? samples() : [];
    const read = (name: string, ext: string): Buffer => readFileSync(path.join(folder, `${name}.${ext}`));

    it('covers the kinds that are served', () => {
      expect(all.length).toBeGreaterThan(80);
    });
    it.each(all)('$name', ({ name, type }) => {
      const json = read(name, 'json');
      const protobuf = read(name, 'pb');
      const yaml = read(name, 'yaml');
      const want = parseJson(json) as JsonObject;

      const fromJson = decodeBody(json, 'application/json', type, undefined, 'Strict');
      expect(fromJson.object).toEqual(want);
      expect(decodeBody(yaml, 'application/yaml', type, undefined, 'Strict').object).toEqual(want);
      expect(decodeBody(protobuf, PROTOBUF, type, undefined, 'Strict').object).toEqual(want);

      expect(encodeObject(want, PROTOBUF, type).equals(protobuf)).toBe(true);
      expect(encodeObject(want, 'application/yaml', type).toString()).toBe(yaml.toString());
      expect(transcodeStored(json, PROTOBUF, type).equals(protobuf)).toBe(true);
    });
  },
);
