/** Facts of one database's catalogue, all of one snapshot. Expression and definition texts were printed with an empty search path, so each name in them that is not of `pg_catalog` is qualified. */
export interface Catalogue {
  /** Another value as soon as any fact may be another one. */
  readonly state: string;
  hasSchema(name: string): boolean;
  relation(schema: string, name: string): RelationFacts | undefined;
  relationByOid(oid: number): RelationFacts | undefined;
  /** All of a schema. */
  relationsIn(schema: string): readonly RelationFacts[];
  readonly relations: readonly RelationFacts[];
  /** All of that name and schema: overloads. */
  functions(schema: string, name: string): readonly FunctionFacts[];
  functionByOid(oid: number): FunctionFacts | undefined;
  /** Operators of that name that somebody made; those that PostgreSQL comes with are harmless and not listed. */
  operators(name: string): readonly OperatorFacts[];
  /** Casts by a function that somebody made. */
  readonly casts: readonly CastFacts[];
  type(schema: string, name: string): TypeFacts | undefined;
  typeByOid(oid: number): TypeFacts | undefined;
  /** Functions of the event triggers that are switched on. */
  readonly eventTriggers: readonly number[];
  /** Relations that a DROP of the object takes with it (CASCADE or its own parts), by kind of object. */
  dropped(kind: DroppedKind, oid: number): readonly number[];
  schemaOid(name: string): number | undefined;
}

export type DroppedKind = "relation" | "function" | "type" | "schema";

export interface RelationFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As `pg_class.relkind`: r p v m f S. */
  readonly kind: string;
  readonly columns: readonly ColumnFacts[];
  /** Query of a view or materialized view. */
  readonly definition: string | null;
  readonly rowSecurity: boolean;
  readonly children: readonly number[];
  readonly parents: readonly number[];
  readonly rules: readonly RuleFacts[];
  readonly triggers: readonly TriggerFacts[];
  /** Conditions of CHECK constraints. */
  readonly checks: readonly string[];
  /** Expressions and predicates of indexes, of the partition key and of extended statistics. */
  readonly expressions: readonly string[];
  /** Functions that somebody made and that its indexes or exclusion constraints call. */
  readonly indexFunctions: readonly number[];
  readonly references: readonly KeyFacts[];
  readonly referencedBy: readonly KeyFacts[];
  readonly policies: readonly PolicyFacts[];
  /** Its access method is not one that PostgreSQL comes with. */
  readonly foreignMethod: boolean;
}

export interface ColumnFacts {
  readonly name: string;
  readonly type: number;
  readonly default: string | null;
  /** "" no, s stored, v virtual. */
  readonly generated: string;
  /** "" no, a always, d by default. */
  readonly identity: string;
  /** OID of the sequence that belongs to it. */
  readonly sequence: number | null;
}

export interface RuleFacts {
  readonly event: "select" | "insert" | "update" | "delete";
  readonly instead: boolean;
  readonly definition: string;
}

export interface TriggerFacts {
  readonly function: number;
  /** Bits of `pg_trigger.tgtype`. */
  readonly type: number;
  /** `CREATE TRIGGER …` when it has a WHEN condition. */
  readonly definition: string | null;
}

export interface KeyFacts {
  /** The relation at the other end. */
  readonly other: number;
  /** Columns at this end, and at the other. */
  readonly columns: readonly string[];
  readonly otherColumns: readonly string[];
  /** As `confdeltype` and `confupdtype`: a no action, r restrict, c cascade, n set null, d set default. */
  readonly onDelete: string;
  readonly onUpdate: string;
}

export interface PolicyFacts {
  /** As `polcmd`: * r a w d. */
  readonly command: string;
  readonly conditions: readonly string[];
}

export interface FunctionFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** f function, p procedure, a aggregate, w window. */
  readonly kind: string;
  readonly language: string;
  /** i immutable, s stable, v volatile. */
  readonly volatility: string;
  readonly argumentTypes: readonly number[];
  readonly defaults: number;
  /** Their expressions, separated by commas. */
  readonly defaultArguments: string | null;
  readonly variadic: boolean;
  readonly returns: number;
  /** `name=value` of SET clauses. */
  readonly settings: readonly string[];
  /** Link name of a function in C or of the server itself. */
  readonly source: string;
  /** `CREATE FUNCTION …` of one in SQL or PL/pgSQL. */
  readonly definition: string | null;
  /** The functions that an aggregate is made of. */
  readonly parts: readonly number[];
  readonly extension: string | null;
}

export interface OperatorFacts {
  readonly schema: string;
  readonly name: string;
  readonly left: number;
  readonly right: number;
  readonly result: number;
  /** Its function, those of commutator and negator, and its estimators. */
  readonly functions: readonly number[];
}

export interface CastFacts {
  readonly source: number;
  readonly target: number;
  readonly function: number;
  /** e explicit, a assignment, i implicit. */
  readonly context: string;
}

export interface TypeFacts {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As `typtype`: b c d e p r m. */
  readonly kind: string;
  /** Type of a domain, element of an array, subtype of a range: 0 none. */
  readonly base: number;
  /** Relation of a composite type: 0 none. */
  readonly relation: number;
  readonly checks: readonly string[];
  /** Functions that somebody made and that reading, writing or comparing its values calls. */
  readonly functions: readonly number[];
}
