import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import { FatalError } from '../machinery/assert.js';
import { reasonOf } from '../machinery/directory.js';
import type { JsonObject, JsonValue } from '../machinery/json.js';
import type { Progress } from './progress.js';

/** What can be patched, by kubeadm's names. */
const TARGETS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubeletconfiguration',
  'corednsdeployment',
] as const;
const TYPES = ['json', 'merge', 'strategic'] as const;
export type PatchType = (typeof TYPES)[number];

interface Patch {
  readonly file: string;
  readonly target: string;
  readonly type: PatchType;
  readonly patch: JsonValue;
}

/** Applies one patch to an object of a kind; rejects with the reason. */
export type ApplyPatch = (type: PatchType, object: JsonObject, patch: JsonValue) => Promise<JsonObject>;

/** What a person changes of the files and objects that a phase makes. */
export type Patched = (target: string, object: JsonObject) => Promise<JsonObject>;

/** Without a directory of patches everything stays as it is. */
export const unpatched: Patched = (_, object) => Promise.resolve(object);

const NAME = new RegExp(`^(${TARGETS.join('|')})([^.+\\n]*)(?:\\+(${TYPES.join('|')})?)?.*\\.(?:json|yaml)$`);

/**
 * Reads kubeadm's directory of patches: `target[suffix][+patchtype].extension`, in the order of their names; strategic is
 * the type that is not named. Throws FatalError for a directory or a patch that cannot be read.
 */
export function patchesIn(directory: string, apply: ApplyPatch, progress: Progress): Patched {
  progress.say(`[patches] Reading patches from path "${directory}"`);
  const patches = read(directory, progress);
  return async (target, object) => {
    let patched = object;
    for (const { file, type, patch } of patches.filter((one) => one.target === target)) {
      try {
        patched = await apply(type, patched, patch);
      } catch (error) {
        throw new FatalError(
          `could not apply the patch ${file} of type "${type}" to target "${target}": ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      progress.say(`[patches] Applied patch of type "${TYPE_NAMES[type]}" to target "${target}"`);
    }
    return patched;
  };
}

const TYPE_NAMES: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

function read(directory: string, progress: Progress): Patch[] {
  let names: string[];
  try {
    names = readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    throw new FatalError(`could not list patch files for path "${directory}": ${reasonOf(error)}`);
  }
  const patches: Patch[] = [];
  for (const name of names) {
    const match = NAME.exec(name);
    const [, target, , type] = match ?? [];
    if (target === undefined) {
      progress.warn(`[patches] Ignored the file ${name}: its name is not target[suffix][+type].json or .yaml`);
      continue;
    }
    if (type === undefined && /^[^.]*\+/.test(name)) {
      throw new FatalError(
        `${join(directory, name)}: unknown or missing patch type after '+', must be one of [${TYPES.join(' ')}]`,
      );
    }
    for (const patch of documents(join(directory, name)))
      patches.push({ file: name, target, type: (type as PatchType | undefined) ?? 'strategic', patch });
  }
  return patches;
}

function documents(file: string): JsonValue[] {
  try {
    const all = loadAll(readFileSync(file, 'utf8')) as JsonValue[];
    return all.filter((patch) => patch !== null && patch !== undefined);
  } catch (error) {
    throw new FatalError(
      `the patch ${file} cannot be read: ${error instanceof Error ? error.message.split('\n')[0] : ''}`,
    );
  }
}
