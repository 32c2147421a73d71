/** Cards at most in a hand; validation allows far fewer (60 bits of the hash). */
const MAX_HAND = 64;

/**
 * Deals a flow its hand: `handSize` different queues of `queues`, always the same for one hash. Two flows rarely share all
 * of their queues, so that one that floods leaves others a queue (shuffle sharding). `hash` are at least 60 random bits.
 */
export function deal(hash: bigint, queues: number, handSize: number): number[] {
  const hand: number[] = [];
  let left = hash;
  for (let i = 0; i < Math.min(handSize, queues, MAX_HAND); i++) {
    const remaining = BigInt(queues - i);
    let card = Number(left % remaining);
    left /= remaining;
    // The card counts among those that are still in the deck: each one below it that was dealt moves it up.
    for (const dealt of hand.toSorted((a, b) => a - b)) if (dealt <= card) card++;
    hand.push(card);
  }
  return hand;
}
