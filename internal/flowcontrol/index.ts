import { performance } from 'node:perf_hooks';
import type { UserInfo } from '../auth/types.js';
import type { RequestInfo } from '../rest/types.js';
import { resourcePrefix } from '../store/keys.js';
import { Informer, type InformedObjects } from '../store/informer.js';
import type { Backend } from '../store/types.js';
import { type Flow, Classifier } from './classifier.js';
import { allocate, type Claim, limitsOf, maxSeatsOf } from './concurrency.js';
import { type Level, levelOf, MANDATORY_LEVELS, MANDATORY_SCHEMAS, type Schema, schemaOf } from './config.js';
import { PriorityLevel } from './priority-level.js';
import { ReadWriteCounts } from './read-write.js';
import { smoothed } from './seat-demand.js';
import { StoredSizes } from './stored-sizes.js';
import { WatchCounts } from './watch-counts.js';

const GROUP = 'flowcontrol.apiserver.k8s.io';
/** Between two looks at who has too many seats and who too few, milliseconds (k8s.io/apiserver's borrowingAdjustmentPeriod). */
const ADJUST_MS = 10_000;

/**
 * Priority and fairness on this replica (KEP-1040): the FlowSchemas and PriorityLevelConfigurations of the store are in
 * force as soon as they are applied here. Each replica has `serverSeats` seats of its own.
 */
export class PriorityAndFairness {
  readonly watches = new WatchCounts();
  readonly sizes: StoredSizes;
  readonly counts: ReadWriteCounts;
  /** What the targets of the levels were multiplied by at the last adjustment. */
  fairFraction = 0;
  readonly #levels = new Map<string, PriorityLevel>();
  readonly #levelObjects: InformedObjects<Level>;
  readonly #schemaObjects: InformedObjects<Schema>;
  readonly #timer: NodeJS.Timeout;
  #classifier: Classifier | undefined;

  constructor(
    backend: Backend,
    readonly serverSeats: number,
    adjustMs = ADJUST_MS,
  ) {
    this.sizes = new StoredSizes(backend);
    this.counts = new ReadWriteCounts(serverSeats);
    const informer = Informer.of(backend);
    this.#levelObjects = informer.objects(resourcePrefix(GROUP, 'prioritylevelconfigurations'), levelOf);
    this.#schemaObjects = informer.objects(resourcePrefix(GROUP, 'flowschemas'), schemaOf);
    const changed = (): void => {
      this.#classifier = undefined;
    };
    this.#levelObjects.onChange(changed);
    this.#schemaObjects.onChange(changed);
    this.#timer = setInterval(() => this.adjust(), adjustMs).unref();
  }

  /** Where a request belongs. */
  classify(info: RequestInfo, user: UserInfo): Flow {
    return this.#current().classify(info, user);
  }

  /** The priority levels by name, those that end included. */
  get levels(): readonly PriorityLevel[] {
    this.#current();
    return [...this.#levels.values()].toSorted((a, b) => (a.config.name < b.config.name ? -1 : 1));
  }

  /** Ends the adjustments. */
  stop(): void {
    clearInterval(this.#timer);
  }

  /** The classification that goes with what is applied here. */
  #current(): Classifier {
    // Asking is what brings the objects up to date.
    const levels = this.#levelObjects.all();
    const schemas = this.#schemaObjects.all();
    return (this.#classifier ??= this.#configure([...levels.values()], [...schemas.values()]));
  }

  #configure(stored: readonly Level[], storedSchemas: readonly Schema[]): Classifier {
    const levels = withMandatory(stored, MANDATORY_LEVELS);
    const names = new Set(levels.map((level) => level.name));
    const schemas = withMandatory(storedSchemas, MANDATORY_SCHEMAS)
      .filter((schema) => names.has(schema.level))
      .toSorted((a, b) => a.precedence - b.precedence || (a.name < b.name ? -1 : 1));
    const schemaNames = new Set(schemas.map((schema) => schema.name));
    for (const config of levels) {
      const level = this.#levels.get(config.name);
      // Only the level of that name is exempt, and always.
      if (level === undefined || level.config.exempt !== config.exempt) this.#add(config);
      else {
        level.config = config;
        level.quiescing = false;
        level.keepStats(schemaNames);
      }
    }
    for (const [name, level] of this.#levels) {
      if (names.has(name)) continue;
      level.quiescing = true;
      if (level.set.isIdle) this.#levels.delete(name);
    }
    this.#divide();
    return new Classifier(schemas, this.#levels);
  }

  #add(config: Level): void {
    const level = new PriorityLevel(config, () => {
      if (!level.quiescing || this.#levels.get(config.name) !== level) return;
      this.#levels.delete(config.name);
      this.#divide();
    });
    this.#levels.set(config.name, level);
  }

  /** Divides the seats by the shares, and begins lending and borrowing anew. */
  #divide(): void {
    const limits = limitsOf(
      [...this.#levels.values()].map((level) => level.config),
      this.serverSeats,
    );
    for (const level of this.#levels.values()) {
      const own = limits.get(level.config.name);
      if (own === undefined) continue;
      const isNew = level.limits.nominal === 0 && level.limits.max === 0;
      level.limits = own;
      level.maxSeats = maxSeatsOf(level.config, own.nominal);
      // What a level lends it has half of, until the demand is known.
      if (isNew) level.setSeats(Math.ceil((own.nominal + own.min) / 2));
    }
    this.adjust();
  }

  /** Gives the seats to those who asked for them since the last time, within the bounds of lending and borrowing. */
  adjust(): void {
    const now = performance.now();
    const limited: PriorityLevel[] = [];
    const claims: Claim[] = [];
    let left = 0;
    for (const level of this.#levels.values()) {
      const { nominal, min, max } = level.limits;
      left += nominal;
      level.demand = level.set.demand.reset(now);
      level.smoothedDemand = smoothed(level.smoothedDemand, level.demand);
      // Whoever asks gets one seat at once, or a level that lends all would wait for the next adjustment.
      const least = nominal > 0 ? Math.max(1, min) : 0;
      const lower = Math.max(least, Math.min(nominal, Math.ceil(level.demand.highWatermark)));
      level.target = Math.max(lower, level.smoothedDemand);
      if (level.config.exempt) {
        left -= lower;
        level.setSeats(lower);
        continue;
      }
      limited.push(level);
      claims.push({ lower, upper: Math.max(lower, max), target: level.target });
    }
    const { seats, fairFraction } = allocate(left, claims);
    this.fairFraction = fairFraction;
    for (const [i, level] of limited.entries()) level.setSeats(Math.round(seats[i] ?? 0));
  }
}

/** The objects, and those of the mandatory ones that are missing. */
function withMandatory<T extends { readonly name: string }>(stored: readonly T[], mandatory: readonly T[]): T[] {
  return [...stored, ...mandatory.filter(({ name }) => !stored.some((object) => object.name === name))];
}
