import { inFolder } from "./files.ts";
import type { ShellWord } from "./shell-word.ts";

/**
 * Whether to write there is to change what later commands run, read or are allowed: settings of shells, of git and of agents, programs, devices.
 * INV-12: such a file would loosen everything after it, so writing it is never a mere write. Some systems take big letters for small ones, so
 * here all do.
 */
export function steersLaterCommands(path: string, home: string): boolean {
  const small = path.toLowerCase();
  if (SYSTEM.test(small) || STEERING_FILE.test(small)) return true;
  const place = small.replace(WORKTREE, "/");
  const own = `${home.toLowerCase()}/`;
  if (small.startsWith(own) && /^(?:\.|bin\/|go\/bin\/)/.test(place.slice(own.length))) return true;
  return STEERING_FOLDER.test(place);
}

/** Also what is hidden in the administrator's home. */
const SYSTEM =
  /^\/(?:root\/\.|(?:dev|proc|sys|etc|usr|bin|sbin|lib\w*|boot|opt|var\/spool|private\/etc|system|library|applications)(?:\/|$))/;
/** Where agents keep the folders that they work in. */
const WORKTREE = /\/\.(?:claude|codex|cursor|gemini)\/worktrees\/[^/]+\//;
/** `HEAD` makes a folder a repository, whose settings git obeys. */
const STEERING_FOLDER =
  /\/(?:\.git|\.husky|\.githooks|\.claude|\.codex|\.cursor|\.gemini|\.opencode|\.goose|\.vscode|\.idea|\.zed|\.windsurf|head|\.bin)(?:\/|$)/;
/** Those among the files that no dot hides. */
const NOT_HIDDEN = ["lefthook.yml", "lefthook.yaml", "sitecustomize.py", "opencode.json", "opencode.jsonc", "head"];
const STEERING_FILE =
  /\/(?:\.envrc|\.gitattributes|\.gitmodules|\.gitconfig|\.mcp\.json|\.npmrc|\.yarnrc(?:\.yml)?|\.pre-commit-config\.yaml|lefthook\.ya?ml|sitecustomize\.py|opencode\.jsonc?|\.ripgreprc|\.curlrc|\.wgetrc|\.(?:ba|z)sh\w+|\.(?:bash_|z)?profile)$/;

/** Whether a pattern may mean such a file. `folder`: where it begins to be one. Stars fit no hidden name that they do not spell. */
export function mayReachSteering({ value, shown }: ShellWord, folder: string, home: string): boolean {
  const begun = value.slice(value.lastIndexOf("/") + 1);
  const rest = begun + shown.slice(Math.max(0, shown.search(/[*?[{]/)));
  const braces = /^([\w./-]*)\{([\w.-]*(?:,[\w.-]*)+)\}([\w./-]*)$/.exec(rest);
  if (braces !== null) {
    const [, before = "", among = "", behind = ""] = braces;
    return among.split(",").some((one) => steersLaterCommands(inFolder(folder, before + one + behind), home));
  }
  const above = folder === "/" || `${home}/`.toLowerCase().startsWith(`${folder}/`.toLowerCase());
  const names = rest.toLowerCase().split("/");
  if (above || rest.includes("{") || names.some((name) => name.startsWith("."))) return true;
  const last = names.at(-1) ?? "";
  const [head, tail] = [last.replace(/[*?[].*$/s, ""), last.replace(/^.*[*?\]]/s, "")];
  return NOT_HIDDEN.some((name) => name.startsWith(head) && name.endsWith(tail));
}
