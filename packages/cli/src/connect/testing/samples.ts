import type { ClientId } from "../clients/client.ts";

/** A configuration as somebody may have it, and what is in it. */
export interface Sample {
  readonly client: ClientId;
  /** Below the home folder, on Linux. */
  readonly path: string;
  readonly text: string;
  /** Servers that can go through Countersign, and those that cannot as they stand. */
  readonly open: readonly string[];
  readonly left: readonly string[];
}

/** Stands in every sample where a secret stands. */
export const SECRET = "sk-1a2b3c4d5e6f7a8b9c0d";

/** One for each client, with what people put into such files: comments where the client takes them, unknown keys, odd spacing. */
export const SAMPLES: readonly Sample[] = [
  {
    client: "claude-code",
    path: ".claude.json",
    text: `{
  "numStartups": 12, "tipsHistory": {"shift-tab": 3},
  "mcpServers": {
    "files": {"type": "stdio", "command": "npx", "args": ["-y", "a-server", "/srv"], "env": {"API_KEY": "${SECRET}"}},
    "web": {
      "type": "http",
      "url": "https://mcp.example/mcp",
      "headers": {"Authorization": "Bearer ${SECRET}"}
    },
    "old": {"type": "sse", "url": "https://mcp.example/sse"}
  },
  "projects": {"/srv/a": {"allowedTools": [], "history": ["do \\"this\\" // not a comment"]}}
}
`,
    open: ["files", "web"],
    left: ["old"],
  },
  {
    client: "claude-desktop",
    path: ".config/Claude/claude_desktop_config.json",
    text: `{"globalShortcut":"","mcpServers":{"files":{"command":"node","args":["server.js"],"env":{"TOKEN":"${SECRET}"}}}}`,
    open: ["files"],
    left: [],
  },
  {
    client: "cursor",
    path: ".cursor/mcp.json",
    text: `{
\t"mcpServers": {
\t\t// the records
\t\t"files": {
\t\t\t"command": "npx",
\t\t\t"args": ["-y", "a-server"],
\t\t\t"env": { "SOME_KEY": "${SECRET}", },
\t\t},
\t\t"web": { "url": "https://mcp.example/mcp" /* fast */, "headers": { "x-api-key": "${SECRET}" } },
\t},
}
`,
    open: ["files", "web"],
    left: [],
  },
  {
    client: "vscode",
    path: ".config/Code/User/mcp.json",
    text: `// servers of this user
{
    "inputs": [{ "type": "promptString", "id": "key", "password": true }],
    "servers": {
        "files": { "type": "stdio", "command": "npx", "args": ["a-server"], "env": { "A_TOKEN": "${SECRET}" } }, // mine
        "asks": { "command": "npx", "args": ["b-server"], "env": { "KEY": "\${input:key}" } },
    },
}
`,
    open: ["files"],
    left: ["asks"],
  },
  {
    client: "codex",
    path: ".codex/config.toml",
    text: `# the model
model = "m"  # not the large one
notify = [ "a",
  "b", # two
]

[mcp_servers.files]
command = "npx"
args = ["-y", 'a-server', "/srv"]
startup_timeout_sec = 20
  [mcp_servers.files.env]
  API_KEY = "${SECRET}"

[mcp_servers.web]
url = "https://mcp.example/mcp"
http_headers = { "x-api-key" = "${SECRET}" }

[profiles."with space"]
model = """
several
lines"""

[[hooks.Stop]]
matcher = "x"
`,
    open: ["files", "web"],
    left: [],
  },
  {
    client: "gemini",
    path: ".gemini/settings.json",
    text: `{
  // theme
  "ui": { "theme": "Default" },
  "mcpServers": {
    "files": { "command": "npx", "args": ["a-server"], "trust": true, "timeout": 5000, "env": { "X_SECRET": "${SECRET}" } },
    "web": { "httpUrl": "https://mcp.example/mcp", "headers": { "Authorization": "Bearer ${SECRET}" } }
  }
}
`,
    open: ["files", "web"],
    left: [],
  },
  {
    client: "opencode",
    path: ".config/opencode/opencode.jsonc",
    text: `{
  "$schema": "https://opencode.ai/config.json",
  "mcp": {
    "files": {
      "type": "local", // here
      "command": ["npx", "a-server"],
      "environment": { "API_TOKEN": "${SECRET}" },
      "enabled": true,
    },
    "web": { "type": "remote", "url": "https://mcp.example/mcp", "headers": { "x-key": "${SECRET}" } },
  },
  "plugin": ["theirs"],
}
`,
    open: ["files", "web"],
    left: [],
  },
  {
    client: "goose",
    path: ".config/goose/config.yaml",
    text: `# provider
GOOSE_PROVIDER: "x"
extensions:
  developer:
    type: builtin   # part of it
    enabled: true
  files:
    type: stdio
    name: files
    enabled: true
    cmd: npx
    args:
    - -y
    - a-server
    envs: {API_KEY: ${SECRET}}
    timeout: 300
  stored:
    type: stdio
    cmd: npx
    args: [b-server]
    env_keys: [B_KEY]
    enabled: true

# end
`,
    open: ["files"],
    left: ["stored"],
  },
  {
    client: "zed",
    path: ".config/zed/settings.json",
    text: `// Zed settings
{
  "theme": "One Dark",
  "context_servers": {
    "files": { "source": "custom", "command": "npx", "args": ["a-server"], "env": { "A_KEY": "${SECRET}" } },
    "older": { "command": { "path": "npx", "args": ["b-server"], "env": { "B_KEY": "${SECRET}" } } },
    "from-extension": { "source": "extension", "settings": {} }
  },
  /* last */
}
`,
    open: ["files", "older"],
    left: [],
  },
  {
    client: "windsurf",
    path: ".codeium/windsurf/mcp_config.json",
    text: `{
  "mcpServers": {
    "files": { "command": "npx", "args": ["a-server"], "env": { "KEY": "${SECRET}" }, "disabledTools": ["x"] },
    "web": { "serverUrl": "https://mcp.example/mcp", "headers": { "Authorization": "Bearer ${SECRET}" } }
  }
}`,
    open: ["files", "web"],
    left: [],
  },
];
