import { EFFECTS } from "@countersign/core";

/** A type in Cedar's JSON schema form. */
export type CedarType =
  | { readonly type: "String" | "Long" | "Boolean" }
  | { readonly type: "Extension"; readonly name: "decimal" | "datetime" }
  | { readonly type: "Entity"; readonly name: string }
  | { readonly type: "Set"; readonly element: CedarType }
  | {
      readonly type: "Record";
      readonly attributes: Readonly<Record<string, CedarType & { readonly required?: boolean }>>;
    };

/** The action that stands for every concrete action when a policy is checked: concrete actions are not known beforehand. */
export const ANY_ACTION = "any";
/** Form of a concrete action: `mcp:<server>/<tool>`, `sql:<db>/<effect>` and so on. */
export const ACTION_NAME: RegExp = /^(?:mcp|tool|http|sql):./s;
/** Parts of the context without a fixed shape: their members are typed by how a policy uses them. */
export const OPEN_RECORDS: readonly (readonly string[])[] = [["arguments"], ["device", "facts"]];

const text = { type: "String" } as const;
const time = { type: "Extension", name: "datetime" } as const;
const entity = (name: string): CedarType => ({ type: "Entity", name });

/** The fixed part of the context; `null` stands for an open record. Optional members must be tested with `has` first. */
const CONTEXT = {
  now: time,
  effect: text,
  risk: { type: "Long" },
  agentProof: text,
  tool: text,
  upstream: text,
  device: {
    type: "Record",
    attributes: { id: entity("Device"), tier: text, level: text, os: text, osVersion: { ...text, required: false } },
  },
  task: {
    type: "Record",
    attributes: { id: entity("Task"), purpose: { ...text, required: false }, openedAt: time, expiresAt: time },
  },
} as const satisfies Record<string, CedarType>;

/** The type at a path of the context, or null where none is fixed. */
export function contextType(path: readonly string[]): CedarType | null {
  let at: CedarType = { type: "Record", attributes: CONTEXT };
  for (const name of path) {
    if (at.type !== "Record" || !Object.hasOwn(at.attributes, name)) return null;
    at = at.attributes[name] as CedarType;
  }
  return at;
}

/**
 * The schema against which policies are checked, in Cedar's JSON form. `open` gives the shape of each record of
 * {@link OPEN_RECORDS}, in that order.
 *
 * The five effects are actions as well as groups; {@link ANY_ACTION} is in all groups, which is wider than any real action.
 */
export function schemaFor(open: readonly CedarType[]): unknown {
  const [callArguments, facts] = open;
  const { device } = CONTEXT;
  const context = {
    ...CONTEXT,
    arguments: callArguments,
    device: { ...device, attributes: { ...device.attributes, facts } },
  };
  const acting = { type: "Record", attributes: { owner: entity("Human"), name: text } };
  const appliesTo = {
    principalTypes: ["Agent", "Human", "Service"],
    resourceTypes: ["Resource"],
    context: { type: "Record", attributes: context },
  };
  const groups = EFFECTS.map((effect) => [effect, { appliesTo }] as const);
  return {
    "": {
      entityTypes: {
        // Of the same shape as all that acts, so that policies about `principal` speak of people too.
        Human: { shape: acting },
        Device: {},
        Task: {},
        Tool: {},
        Agent: { memberOfTypes: ["Human"], shape: acting },
        Service: { memberOfTypes: ["Human"], shape: acting },
        Resource: { memberOfTypes: ["Resource"], shape: { type: "Record", attributes: { name: text } } },
      },
      actions: {
        ...Object.fromEntries(groups),
        [ANY_ACTION]: { memberOf: EFFECTS.map((id) => ({ id })), appliesTo },
      },
    },
  };
}
