/** The type of a value, as far as reading it from JSON needs one. */
export type ValueType =
  | { readonly kind: "plain" }
  | { readonly kind: "entity" }
  /** `name`: the function that makes one of a text. */
  | { readonly kind: "extension"; readonly name: string }
  | { readonly kind: "set"; readonly element: ValueType }
  | { readonly kind: "record"; readonly members: ReadonlyMap<string, ValueType> };

/** What of a schema is needed to read entities and contexts. */
export interface ReadSchema {
  /** By the full name of the type. */
  attributes(entityType: string): ValueType | null;
  tags(entityType: string): ValueType | null;
  context(actionType: string, actionId: string): ValueType | null;
  readonly actions: readonly SchemaAction[];
}
export interface SchemaAction {
  readonly type: string;
  readonly id: string;
  readonly parents: readonly { readonly type: string; readonly id: string }[];
}
