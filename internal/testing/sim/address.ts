/** Takes the place of internal/transport/address.ts in a simulation: a machine's name is its address. */
export function isAddress(text: string): boolean {
  return text !== '';
}

export function isUnspecified(_address: string): boolean {
  return false;
}
