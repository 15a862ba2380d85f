const LONGEST = 64;

/** A name for this machine that can be shown: without domain, control and direction characters, never empty. */
export function hostName(given: string): string {
  const name =
    given
      .normalize("NFC")
      .replace(/[\p{C}\p{Z}]/gu, "")
      .split(".")[0] ?? "";
  // A cut in the middle of a character leaves half of it.
  const short = name.slice(0, LONGEST).replace(/\p{Cs}$/u, "");
  return short === "" ? "device" : short;
}
