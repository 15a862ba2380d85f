import type { Effect } from "./effect.ts";
import type { Limits } from "./limits.ts";
import type { ResourceMapping } from "./mapping.ts";

export type SecretRef =
  | { readonly fromEnv: string }
  | { readonly fromFile: string }
  | { readonly fromCommand: readonly string[] }
  /** The name of a secret that the control plane keeps sealed: only it gives such names out, one for each value. */
  | { readonly fromStore: string };

/** A server that gateways guard. */
export type UpstreamTerms = McpTerms | PostgresTerms;
export type TermsOf<K extends UpstreamTerms["kind"]> = Extract<UpstreamTerms, { readonly kind: K }>;

export interface McpTerms {
  readonly kind: "mcp";
  readonly command: readonly string[] | null;
  /** Absolute folder in which the command runs; absent: `/`. */
  readonly cwd?: string;
  readonly url: string | null;
  /** Further headers of each request to `url`. */
  readonly headers?: Readonly<Record<string, string | SecretRef>>;
  readonly env: Readonly<Record<string, string | SecretRef>>;
  readonly auth: { readonly bearer: SecretRef } | null;
  /** The administrator's classification, by tool. */
  readonly effects: Readonly<Record<string, Effect>>;
  /** Resource mapping, by tool. */
  readonly resources: Readonly<Record<string, ResourceMapping>>;
  /** Patterns of resources that are always held. */
  readonly critical: readonly string[];
  /** Accepted definitions, by tool: base64url SHA-256 of the canonical definition. Null: none accepted yet. */
  readonly pins: Readonly<Record<string, string>> | null;
}

/** What clients see of a column instead of its value: nothing, a digest of it, or its last four characters. */
export type Mask = "null" | "hash" | "last4";
export const MASKS: readonly Mask[] = ["null", "hash", "last4"];

/** A PostgreSQL database (ADR 0009). What a statement does is judged; no effects, resources or definitions are kept for it. */
export interface PostgresTerms {
  readonly kind: "postgres";
  /** `postgres://[user@]host:port/database` in the form of `postgresUrl`; without a user it is `GATEWAY_LOGIN`. */
  readonly url: string;
  /** Of the gateway's own login; null: the server asks for none. */
  readonly password: SecretRef | null;
  /** `disable` only where the server is on the gateway's machine. */
  readonly tls: "verify-full" | "disable";
  /** PEM of the authorities that the server's certificate may come from; absent: those of the system. */
  readonly ca?: string;
  /** Patterns of resources that are always held. */
  readonly critical: readonly string[];
  /** By column, `<schema>.<relation>.<column>`. */
  readonly masking: Readonly<Record<string, Mask>>;
  /** How reads are recorded (design 8): durable before the first row, or in batches of at most 50 ms. */
  readonly recording: "durable" | "batched";
  readonly limits: Limits;
}
