// The hooks of opencode are functions of a plugin: this one asks `countersign hook opencode` before each tool, in the words of the other clients.
// INV-2: what throws before a tool keeps it from running, so every doubt throws.
import { spawn } from "node:child_process";

const LONGEST_MS = 60_000;
const REFUSED = "DENIED: the Countersign hook failed. Nothing was done. Ask your user to run `countersign status`.";

/** `options`: `{launcher, args}`, the command that answers. */
export default async function countersign({ directory }, { launcher, args }) {
  const sessions = new Set();
  const call = async (event, session, more) => {
    sessions.add(session);
    const told = JSON.stringify({ hook_event_name: event, session_id: session, cwd: directory, ...more });
    return await run(launcher, args, told);
  };
  return {
    "chat.message": async ({ sessionID }, { parts }) => {
      const prompt = parts.flatMap(({ type, text }) => (type === "text" && typeof text === "string" ? [text] : []));
      await call("UserPromptSubmit", sessionID, { prompt: prompt.join("\n") }).catch(() => undefined);
    },
    "tool.execute.before": async ({ tool, sessionID, callID }, { args: input }) => {
      const answer = await call("PreToolUse", sessionID, {
        tool_name: tool,
        tool_use_id: callID,
        tool_input: input ?? {},
      }).catch(() => ({ code: null, text: "" }));
      if (answer.code !== 0) throw new Error(answer.text || REFUSED);
      if (answer.text === "") return;
      throw new Error(reasonIn(answer.text));
    },
    "tool.execute.after": async ({ tool, sessionID, callID, args: input }, output) => {
      const told = {
        tool_name: tool,
        tool_use_id: callID,
        tool_input: input ?? {},
        tool_response: output?.output ?? null,
      };
      await call("PostToolUse", sessionID, told).catch(() => undefined);
    },
    dispose: async () => {
      await Promise.all([...sessions].map((session) => call("SessionEnd", session, {}).catch(() => undefined)));
    },
  };
}

function reasonIn(text) {
  try {
    const { reason } = JSON.parse(text);
    return typeof reason === "string" ? reason : REFUSED;
  } catch {
    return REFUSED;
  }
}

/** Exit code and what was said, on either stream. */
async function run(launcher, args, input) {
  return await new Promise((resolve, reject) => {
    const child = spawn(launcher, args, { stdio: ["pipe", "pipe", "pipe"], timeout: LONGEST_MS });
    const said = [];
    child.stdout.on("data", (part) => said.push(part));
    child.stderr.on("data", (part) => said.push(part));
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, text: Buffer.concat(said).toString("utf8").trim() }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}
