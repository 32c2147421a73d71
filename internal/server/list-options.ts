/** What RequestInfo needs to know of ListOptions. */
export interface ListFacts {
  readonly watch: boolean;
  /** The name that the field selector `metadata.name=` asks for; '' when it asks for none. */
  readonly metadataName: string;
}

const NONE: ListFacts = { watch: false, metadataName: '' };

/** Reads `watch` and an exact `metadata.name` field selector from a raw query string. */
export function listOptionsOf(query: string): ListFacts {
  if (query === '') return NONE;
  const params = new URLSearchParams(query);
  return { watch: queryBool(params.get('watch')), metadataName: exactName(params.get('fieldSelector') ?? '') };
}

/** A boolean query parameter, as apimachinery converts it: present means true, but for `0` and `false`. */
export function queryBool(value: string | null): boolean {
  return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** A name that can be a path segment (apimachinery's IsValidPathSegmentName), not empty. */
export function isPathSegmentName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('%');
}

function exactName(selector: string): string {
  for (const term of selector.split(',')) {
    const match = /^\s*metadata\.name\s*={1,2}\s*(.*?)\s*$/.exec(term);
    if (match !== null) return match[1] ?? '';
  }
  return '';
}
