const STEPS: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
];

/** `just now`, `4 min ago`, `in 3 d`: the largest unit that fits, rounded down. Both times in epoch milliseconds. */
export function ago(at: number, now: number): string {
  const seconds = Math.abs(now - at) / 1000;
  const step = STEPS.find(([size]) => seconds >= size);
  if (step === undefined) return at > now ? "in a moment" : "just now";
  const words = `${Math.floor(seconds / step[0])} ${step[1]}`;
  return at > now ? `in ${words}` : `${words} ago`;
}

/** Time that is left, as `12:04` or `1:02:09`; `0:00` once it is over. */
export function timeLeft(until: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
