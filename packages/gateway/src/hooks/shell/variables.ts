/** Variables of the environment that change nothing but looks, and the values that are taken. */
const SAFE_VALUES: Readonly<Record<string, RegExp>> = {
  CI: /^\w*$/,
  COLUMNS: /^\d{1,5}$/,
  FORCE_COLOR: /^\w*$/,
  GIT_EDITOR: /^(?:true|:)$/,
  GIT_OPTIONAL_LOCKS: /^[01]$/,
  GIT_PAGER: /^(?:cat)?$/,
  GIT_TERMINAL_PROMPT: /^[01]$/,
  LANG: /^[\w.-]*$/,
  LC_ALL: /^[\w.-]*$/,
  LINES: /^\d{1,5}$/,
  NODE_ENV: /^\w*$/,
  NO_COLOR: /^\w*$/,
  PAGER: /^(?:cat)?$/,
  PYTHONDONTWRITEBYTECODE: /^\d?$/,
  PYTHONUNBUFFERED: /^\d?$/,
  TERM: /^[\w-]*$/,
  TZ: /^\w[\w+/-]*$/,
};

/** Small names that some shell or program gives a meaning to: in zsh `path` is `PATH`. */
const WITH_MEANING =
  /^(?:path|cdpath|fpath|manpath|mailpath|module_path|infopath|psvar|prompt|watch|argv|status|pipestatus|options|commands|functions|dis_\w+|aliases|galiases|saliases|builtins|parameters|signals|nameddirs|userdirs|usergroups|dirstack|history|historywords|histchars|fignore|zsh_\w+|\w+_functions|\w*proxy|npm_\w+|pnpm_\w+|yarn_\w+|pip_\w+|git_\w+|cargo_\w+|ld_\w+|auto_resume|keymap|modules|patchars|reswords|jobtexts|jobdirs|jobstates|terminfo|termcap|sysparams|mapfile|zle_\w+|widgets|ctl_\w+)$/;

/** A variable of the shell alone: a small name without a meaning of its own. */
export function isOwnVariable(name: string): boolean {
  return /^[a-z][a-z0-9_]{0,63}$/.test(name) && !WITH_MEANING.test(name);
}

/** A variable that programs see, with a value that is known to be harmless. */
export function isHarmlessEnvironment(name: string, value: string): boolean {
  return Object.hasOwn(SAFE_VALUES, name) && SAFE_VALUES[name]?.test(value) === true;
}
