/** A thumbprint as people compare it: the same on every screen, in groups of four. */
export function shownKey(thumbprint: string): string {
  return thumbprint.match(/.{1,4}/gsu)?.join(" ") ?? "";
}
