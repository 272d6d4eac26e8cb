/** The least number of endpoints that no other group of as many can contradict. */
export function majorityOf(endpoints: number): number {
  return Math.floor(endpoints / 2) + 1;
}
