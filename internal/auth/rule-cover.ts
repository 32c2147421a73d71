import { Breath } from '../machinery/breathe.js';
import type { PolicyRule } from './rbac.js';

/** Lines that a refusal tells, and their characters; what is beyond is only said to be there. */
const MAX_LINES = 1000;
const MAX_CHARACTERS = 256 * 1024;

const NONE: PolicyRule = { verbs: [], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };

/** A rule that somebody holds, so that looking for one word does not read the list. */
interface Held {
  readonly verbs: ReadonlySet<string>;
  readonly apiGroups: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
  readonly resourceNames: ReadonlySet<string>;
  readonly urls: ReadonlySet<string>;
  /** Beginnings of URLs that end with a star. */
  readonly beginnings: readonly string[];
}

const heldOf = (rule: PolicyRule): Held => ({
  verbs: new Set(rule.verbs),
  apiGroups: new Set(rule.apiGroups),
  resources: new Set(rule.resources),
  resourceNames: new Set(rule.resourceNames),
  urls: new Set(rule.nonResourceURLs),
  beginnings: rule.nonResourceURLs.filter((url) => url.endsWith('*')).map(withoutStars),
});

function withoutStars(url: string): string {
  let end = url.length;
  while (end > 0 && url[end - 1] === '*') end--;
  return url.slice(0, end);
}

const orAll = (set: ReadonlySet<string>, word: string): boolean => set.has('*') || set.has(word);

/** A rule may give a subresource of everything. */
function coversResource(rule: Held, resource: string): boolean {
  if (orAll(rule.resources, resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && rule.resources.has(`*${resource.slice(slash)}`);
}
const coversUrl = (rule: Held, url: string): boolean =>
  rule.urls.has(url) || rule.beginnings.some((beginning) => url.startsWith(beginning));

/** The words that the same rules cover, and those rules. */
interface Alike {
  readonly words: string[];
  readonly rules: readonly Held[];
}

/** Rights that are missing, gathered until there are too many to tell. */
class Missing {
  readonly #verbs = new Map<string, { readonly rule: PolicyRule; readonly verbs: string[] }>();
  readonly #urls = new Set<string>();
  #characters = 0;
  isTruncated = false;

  get isFull(): boolean {
    return this.#verbs.size + this.#urls.size >= MAX_LINES || this.#characters >= MAX_CHARACTERS;
  }
  /** One line for all verbs on one thing. */
  add(group: string, resource: string, name: string | undefined, verbs: readonly string[]): void {
    const key = JSON.stringify([group, resource, name]);
    let line = this.#verbs.get(key);
    if (line === undefined) {
      const resourceNames = name === undefined ? [] : [name];
      line = { rule: { ...NONE, apiGroups: [group], resources: [resource], resourceNames }, verbs: [] };
      this.#verbs.set(key, line);
      this.#characters += key.length;
    }
    for (const verb of verbs) {
      if (this.#characters >= MAX_CHARACTERS) {
        this.isTruncated = true;
        return;
      }
      line.verbs.push(verb);
      this.#characters += verb.length + 3;
    }
  }
  addUrl(url: string, verb: string): void {
    this.#urls.add(text({ ...NONE, nonResourceURLs: [url] }, [verb]));
    this.#characters += url.length + verb.length;
  }
  lines(): string[] {
    const told = [...this.#verbs.values()].map(({ rule, verbs }) => text(rule, verbs));
    return [...new Set([...told, ...this.#urls])].toSorted();
  }
}

/** What `wanted` gives beyond what is held. */
export interface MissingRights {
  /** As kube-apiserver tells them: one line for all verbs on one thing, in the order of the lines' text. Empty: nothing. */
  readonly lines: readonly string[];
  /** There are more than are told: at most 1,000 lines and 256 KiB are. */
  readonly isTruncated: boolean;
}

/**
 * The rights of `wanted` that `held` does not cover (rbac validation.Covers). A right is one verb on one thing; sets of
 * words are compared, not their product: words of one list that the same rules cover are looked at once.
 */
export async function missingRights(
  held: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): Promise<MissingRights> {
  const rules = held.map(heldOf);
  const missing = new Missing();
  const breath = new Breath();
  for (const rule of wanted) {
    await resourceRights(rules, rule, missing, breath);
    await urlRights(rules, rule, missing, breath);
    if (missing.isTruncated) break;
  }
  return { lines: missing.lines(), isTruncated: missing.isTruncated };
}

/** Groups the words of a list by the rules that cover them. */
async function alike(
  words: readonly string[],
  rules: readonly Held[],
  covers: (rule: Held, word: string) => boolean,
  breath: Breath,
): Promise<Alike[]> {
  const kinds = new Map<string, Alike>();
  for (const word of new Set(words)) {
    if (breath.isDue(1 + rules.length)) await breath.rest();
    const covering: number[] = [];
    for (const [i, rule] of rules.entries()) if (covers(rule, word)) covering.push(i);
    const key = covering.join();
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { words: [word], rules: covering.map((i) => rules[i] as Held) });
    else kind.words.push(word);
  }
  return [...kinds.values()];
}

async function resourceRights(
  rules: readonly Held[],
  wanted: PolicyRule,
  missing: Missing,
  breath: Breath,
): Promise<void> {
  if (wanted.resources.length === 0 || wanted.verbs.length === 0) return;
  const names: readonly (string | undefined)[] = wanted.resourceNames.length === 0 ? [undefined] : wanted.resourceNames;
  for (const groups of await alike(wanted.apiGroups, rules, (r, g) => orAll(r.apiGroups, g), breath)) {
    for (const resources of await alike(wanted.resources, groups.rules, coversResource, breath)) {
      const lackingOf = new Map<string, readonly string[]>();
      for (const name of names) {
        const covering = resources.rules.filter(
          (r) => r.resourceNames.size === 0 || (name !== undefined && r.resourceNames.has(name)),
        );
        // Most names are covered by the same rules: the verbs are compared once for each set of rules. No rules at all are
        // a set of their own.
        const key = covering.length === resources.rules.length ? 'all' : covering.map((r) => rules.indexOf(r)).join();
        let lacking = lackingOf.get(key);
        if (lacking === undefined) {
          lacking = await lackingVerbs(covering, wanted.verbs, breath);
          lackingOf.set(key, lacking);
        }
        if (breath.isDue(1 + resources.rules.length)) await breath.rest();
        if (lacking.length === 0) continue;
        for (const group of groups.words) {
          for (const resource of resources.words) {
            if (missing.isFull) {
              missing.isTruncated = true;
              return;
            }
            missing.add(group, resource, name, lacking);
          }
        }
      }
    }
  }
}

async function lackingVerbs(
  covering: readonly Held[],
  verbs: readonly string[],
  breath: Breath,
): Promise<readonly string[]> {
  if (covering.some((rule) => rule.verbs.has('*'))) return [];
  const lacking: string[] = [];
  for (const verb of verbs) {
    if (breath.isDue(1 + covering.length)) await breath.rest();
    if (!covering.some((rule) => rule.verbs.has(verb))) lacking.push(verb);
  }
  return lacking;
}

async function urlRights(rules: readonly Held[], wanted: PolicyRule, missing: Missing, breath: Breath): Promise<void> {
  if (wanted.nonResourceURLs.length === 0) return;
  for (const urls of await alike(wanted.nonResourceURLs, rules, coversUrl, breath)) {
    const lacking = await lackingVerbs(urls.rules, wanted.verbs, breath);
    for (const url of urls.words) {
      for (const verb of lacking) {
        if (missing.isFull) {
          missing.isTruncated = true;
          return;
        }
        missing.addUrl(url, verb);
      }
    }
  }
}

/** Go's %q of a list of strings. */
export function quotedList(list: readonly string[]): string {
  return `[${list.map((s) => JSON.stringify(s)).join(' ')}]`;
}

function text(rule: PolicyRule, verbs: readonly string[]): string {
  const parts = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', verbs],
  ] as const;
  return `{${parts.flatMap(([name, list]) => (list.length === 0 ? [] : [`${name}:${quotedList(list)}`])).join(', ')}}`;
}
