/** What one area must reach, as in floors.json: numbers of cases, so that nothing is lost in rounding. */
export interface Floor {
  /** How many cases the area has. More or fewer mean that the recordings changed, or that cases were not replayed. */
  cases: number;
  /** Cases in which HTTP code and reason agree in every step. */
  status: number;
  /** Cases in which the whole body but message texts agrees. */
  body: number;
  /** Cases in which everything agrees. */
  exact: number;
  /** Cases by which a run may fall short, for an area that depends on wall-clock time; none when absent. */
  slack?: number;
}
export type Floors = Record<string, Floor>;

/** One case as replay.mjs reports it: level 0 nothing, 1 status, 2 body but message texts, 3 everything. */
export interface CaseResult {
  readonly area: string;
  readonly level: number;
}

const MEASURES = ['status', 'body', 'exact'] as const;

function reached(results: readonly CaseResult[], area: string): Floor {
  const own = results.filter((r) => r.area === area);
  const atLeast = (level: number): number => own.filter((r) => r.level >= level).length;
  return { cases: own.length, status: atLeast(1), body: atLeast(2), exact: atLeast(3) };
}

/**
 * One sentence for every way in which the results are less than the floors ask: an area below its floor, an area with
 * more or fewer cases than pinned, an area that was wanted and not replayed, an area without a floor.
 */
export function shortfalls(floors: Floors, results: readonly CaseResult[], wanted: readonly string[]): string[] {
  const faults: string[] = [];
  for (const area of new Set([...wanted, ...results.map((r) => r.area)])) {
    const got = reached(results, area);
    const floor = Object.hasOwn(floors, area) ? floors[area] : undefined;
    if (floor === undefined) {
      faults.push(`NO FLOOR: ${area} has ${got.cases} cases and stands not in floors.json (--raise adds it)`);
      continue;
    }
    if (got.cases !== floor.cases) {
      faults.push(`CASES: ${area} has ${got.cases} cases, floors.json says ${floor.cases}`);
      continue;
    }
    for (const what of MEASURES) {
      if (got[what] + (floor.slack ?? 0) < floor[what]) {
        faults.push(`BELOW FLOOR: ${area} ${what} ${got[what]} < ${floor[what]} of ${got.cases}`);
      }
    }
  }
  return faults;
}

/** Raises the floors of the areas that were replayed to what they reached, adding those that have none; never lowers one. */
export function raise(floors: Floors, results: readonly CaseResult[]): void {
  for (const area of new Set(results.map((r) => r.area))) {
    const got = reached(results, area);
    const floor = Object.hasOwn(floors, area) ? floors[area] : undefined;
    if (floor === undefined) {
      floors[area] = got;
      continue;
    }
    floor.cases = got.cases;
    for (const what of MEASURES) floor[what] = Math.max(floor[what], got[what]);
  }
}
