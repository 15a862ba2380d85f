import { AppError } from "@countersign/core";

/** What is awaited, if it comes in time. @throws AppError `server.unreachable` */
export async function within<T>(timeoutMs: number, awaited: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new AppError("server.unreachable", { detail: "the control plane did not answer in time" }));
  }, timeoutMs);
  try {
    return await Promise.race([awaited, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
