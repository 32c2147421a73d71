/** All bodies that are held, together. */
export const BODIES_BYTES = 256 * 1024 * 1024;
/** The bodies of one user. */
export const BODIES_BYTES_PER_USER = 64 * 1024 * 1024;
/** What is held for requests of which it is not known yet whose they are, together. */
export const BODIES_BYTES_UNKNOWN = 16 * 1024 * 1024;
/** The account of requests of which it is not known yet whose they are; no user has an empty name. */
export const UNKNOWN = '';

/** A body that holds memory. */
export interface Holder {
  readonly owner: string;
  readonly heldBytes: number;
  /** It is still coming in: only then it can be given up. */
  readonly incomplete: boolean;
  /** Gives its bytes up; `release` is called before it returns. */
  refuse(): void;
}

interface Account {
  bytes: number;
  readonly holders: Set<Holder>;
}

/**
 * Bounds the memory of request bodies, for each user and for all. Where a bound is passed, the body that holds most is
 * refused first: of the user whose bound it is, or of the user who holds most. Who has just begun to send is not made to
 * pay for others.
 */
export class BodyBudget {
  total = 0;
  private readonly accounts = new Map<string, Account>();

  constructor(
    private readonly all = BODIES_BYTES,
    private readonly perUser = BODIES_BYTES_PER_USER,
    private readonly unknown = BODIES_BYTES_UNKNOWN,
  ) {}

  /** `holder` holds `bytes` more. It may be refused itself before this returns. */
  add(holder: Holder, bytes: number): void {
    const account = this.accountOf(holder.owner);
    account.bytes += bytes;
    account.holders.add(holder);
    this.total += bytes;
    const bound = holder.owner === UNKNOWN ? this.unknown : this.perUser;
    while (account.bytes > bound && refuseLargest(account));
    while (this.total > this.all && this.refuseAnywhere());
  }

  /** `holder` holds nothing more under the owner that it has. */
  release(holder: Holder): void {
    const account = this.accounts.get(holder.owner);
    if (account === undefined || !account.holders.delete(holder)) return;
    account.bytes -= holder.heldBytes;
    this.total -= holder.heldBytes;
    if (account.holders.size === 0) this.accounts.delete(holder.owner);
  }

  private refuseAnywhere(): boolean {
    const byBytes = [...this.accounts.values()].toSorted((a, b) => b.bytes - a.bytes);
    return byBytes.some(refuseLargest);
  }

  private accountOf(owner: string): Account {
    let account = this.accounts.get(owner);
    if (account === undefined) {
      account = { bytes: 0, holders: new Set() };
      this.accounts.set(owner, account);
    }
    return account;
  }
}

function refuseLargest({ holders }: Account): boolean {
  let largest: Holder | undefined;
  for (const holder of holders) {
    if (holder.incomplete && holder.heldBytes > (largest?.heldBytes ?? 0)) largest = holder;
  }
  largest?.refuse();
  return largest !== undefined;
}
