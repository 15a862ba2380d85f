// What runs for every use of a tool: `countersign hook <client>`. Plain JavaScript with nothing but the socket, because stripping types would
// double its time, and CommonJS, which starts some milliseconds sooner. It asks the resident of this user, which it starts when there is none,
// and says the answer in the client's own words.
//
// INV-2: whatever goes wrong on the way to a use of a tool, the answer is a refusal.
"use strict";
const { lstatSync, mkdirSync, readSync, writeSync } = require("node:fs");
const { connect } = require("node:net");
const { homedir, tmpdir } = require("node:os");

/** Events before a use of a tool; any event that is not in one of these lists is treated as one of them. */
const TOLD = new Set(["PostToolUse", "PostToolUseFailure", "AfterTool", "postToolUse", "postToolUseFailure"]);
for (const event of ["afterMCPExecution", "SessionStart", "SessionEnd", "sessionStart", "sessionEnd"]) TOLD.add(event);
const PROMPTS = new Set(["UserPromptSubmit", "BeforeAgent", "beforeSubmitPrompt"]);
const CLIENTS = new Set(["claude-code", "codex", "gemini", "cursor", "opencode"]);

const READ_BYTES = 64 * 1024 * 1024;
/** Of a use that is yet to be judged; the gateway bounds it further. */
const ASKED_BYTES = 4 * 1024 * 1024;
/** Clients give a hook a minute. */
const ASK_MS = 57_000;
const TELL_MS = 2500;
/** A prompt is what a session begins with: the resident may have to start. */
const PROMPT_MS = 12_000;
const START_MS = 10_000;
const LOOK_AGAIN_MS = 20;
const ADVICE = "Nothing was done. Ask your user to run `countersign status`; do not try another way.";

const [client = "", ...flags] = process.argv.slice(2);
let event = "";
const done = (code) => process.exit(code);
process.on("uncaughtException", () => deny("the hook failed"));

try {
  main();
} catch {
  deny("the hook failed");
}

function main() {
  if (!CLIENTS.has(client)) {
    say(2, `countersign: \`${client}\` is no client with hooks; use one of ${[...CLIENTS].join(", ")}\n`);
    return done(2);
  }
  const bytes = readAll();
  if (bytes === null) return deny("the hook was given more than can be judged");
  event = eventOf(bytes);
  const asks = !TOLD.has(event) && !PROMPTS.has(event);
  if (asks && bytes.length > ASKED_BYTES) return deny("the hook was given more than can be judged");
  setTimeout(() => deny("nobody answered in time"), asks ? ASK_MS : PROMPTS.has(event) ? PROMPT_MS : TELL_MS).unref();
  ask(bytes, true);
}

/** All of standard input; null when it is too long. */
function readAll() {
  const parts = [];
  let size = 0;
  const part = Buffer.allocUnsafe(65_536);
  for (;;) {
    const count = readPart(part);
    if (count === 0) return Buffer.concat(parts);
    size += count;
    if (size > READ_BYTES) return null;
    parts.push(Buffer.from(part.subarray(0, count)));
  }
}

function readPart(part) {
  for (;;) {
    try {
      return readSync(0, part);
    } catch (error) {
      if (error.code === "EOF") return 0;
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

/** The event that the client names; empty when this is nothing of a client. */
function eventOf(bytes) {
  try {
    const { hook_event_name: name } = JSON.parse(bytes.toString("utf8"));
    return typeof name === "string" ? name : "";
  } catch {
    return "";
  }
}

/** `first`: a resident may have to be started. */
function ask(bytes, first) {
  const place = socketPlace();
  if (place === null) return deny("the folder for the hook's socket belongs to somebody else");
  const began = Date.now();
  const attempt = (started) => {
    const socket = connect({ path: place, allowHalfOpen: true });
    const answer = [];
    let connected = false;
    socket.once("connect", () => {
      connected = true;
      const about = { client, flags, parent: process.ppid, home: process.env.HOME || homedir() };
      socket.write(`${JSON.stringify(about)}\n`);
      socket.end(bytes);
    });
    socket.on("data", (part) => answer.push(part));
    socket.once("end", () => tell(Buffer.concat(answer)));
    socket.once("error", () => {
      if (connected) return deny("the hook's resident went away");
      if (Date.now() - began > START_MS) return deny("the hook's resident does not start");
      if (!started) startResident(place).catch(() => deny("the hook's resident does not start"));
      setTimeout(() => attempt(true), LOOK_AGAIN_MS);
    });
  };
  attempt(!first);
}

/** One socket for a user and a control plane, in a folder that only this user can enter; null when it cannot be trusted. */
function socketPlace() {
  const { env } = process;
  const uid = process.getuid();
  const folder = env.XDG_RUNTIME_DIR ? `${env.XDG_RUNTIME_DIR}/countersign` : `${tmpdir()}/countersign-${uid}`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== uid || (found.mode & 0o077) !== 0) return null;
  const places = [env.HOME, env.XDG_CONFIG_HOME, env.COUNTERSIGN_SERVER, env.COUNTERSIGN_DATA, ...reach()];
  return `${folder}/hooks-${digest(JSON.stringify(places))}.sock`;
}

/** The flags that say which control plane is meant. */
function reach() {
  return flags.flatMap((flag, at) => (flag === "--server" || flag === "--data" ? [flag, flags[at + 1] ?? ""] : []));
}

/** A short name for a text (FNV-1a, twice 32 bits): it only keeps places apart. */
function digest(text) {
  let [a, b] = [0x811c9dc5, 0x1b873593];
  for (let at = 0; at < text.length; at += 1) {
    a = Math.imul(a ^ text.charCodeAt(at), 0x01000193);
    b = Math.imul(b ^ text.charCodeAt(at), 0x85ebca6b);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** What only the first hook needs is loaded only then. */
async function startResident(place) {
  const { spawn } = await import("node:child_process");
  const program = `${__dirname}/resident-main.ts`;
  spawn(process.execPath, [program, place, ...reach()], { cwd: "/", detached: true, stdio: "ignore" }).unref();
}

function tell(bytes) {
  const { decision, text } = JSON.parse(bytes.toString("utf8"));
  if (decision === "permit" || decision === "none") return pass();
  return deny(typeof text === "string" ? text : "the hook was answered with something else", true);
}

/** Lets the client go on as it would without us: never more than that. */
function pass() {
  if (client === "cursor") say(1, PROMPTS.has(event) ? '{"continue":true}' : "{}");
  done(0);
}

/** `whole`: the text needs nothing added. What was only told, not asked, is never held up. */
function deny(reason, whole = false) {
  if (TOLD.has(event) || PROMPTS.has(event)) return pass();
  const text = whole ? reason : `DENIED: ${reason}. ${ADVICE}`;
  const words = event === "" ? null : inWordsOf(text);
  if (words !== null) say(1, JSON.stringify(words));
  else say(2, `${text}\n`);
  done(words === null ? 2 : 0);
}

/** A refusal as the client reads it; null: it reads the exit code 2. */
function inWordsOf(text) {
  if (client === "claude-code" || client === "codex")
    return {
      hookSpecificOutput: { hookEventName: event, permissionDecision: "deny", permissionDecisionReason: text },
    };
  if (client === "gemini") return { decision: "deny", reason: text };
  if (client === "cursor") return { permission: "deny", user_message: text, agent_message: text };
  return client === "opencode" ? { decision: "deny", reason: text } : null;
}

function say(fd, text) {
  for (let rest = Buffer.from(text); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if (error.code !== "EAGAIN") return;
    }
  }
}
