import { describe, expect, it } from "vitest";
import { tunnelLine } from "./tunnel-line.ts";

const urls = ["http://localhost:7330", "http://127.0.0.1:7331"];

describe("tunnelLine", () => {
  it.each([
    [null, urls, null],
    ["10.0.0.9 50000 10.0.0.1 22", urls, "ssh -L 7330:localhost:7330 -L 7331:localhost:7331 alice@box"],
    ["10.0.0.9 50000 10.0.0.1 2222", urls, "ssh -p 2222 -L 7330:localhost:7330 -L 7331:localhost:7331 alice@box"],
    ["10.0.0.9 50000 10.0.0.1 22", ["https://cs.example", "http://127.0.0.1:7331"], null],
    ["10.0.0.9 50000 10.0.0.1 22", ["https://localhost"], "ssh -L 443:localhost:443 alice@box"],
    ["x; rm -rf /", urls, "ssh -L 7330:localhost:7330 -L 7331:localhost:7331 alice@box"],
    ["a b c 22;evil", urls, "ssh -L 7330:localhost:7330 -L 7331:localhost:7331 alice@box"],
  ])("%j", (sshConnection, addresses, line) => {
    expect(tunnelLine({ sshConnection, user: "alice", host: "box" }, addresses)).toBe(line);
  });
});
