/** Why an expression has no value. Messages name operators and attributes, never values. Made once each: a throw of one costs no stack. */
export class EvaluationError extends Error {
  override readonly name = "EvaluationError";

  constructor(message: string) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

export const NOT_BOOL: EvaluationError = new EvaluationError("a value is no boolean");
export const NOT_LONG: EvaluationError = new EvaluationError("a value is no integer");
export const NOT_STRING: EvaluationError = new EvaluationError("a value is no string");
export const NOT_SET: EvaluationError = new EvaluationError("a value is no set");
export const NOT_ENTITY: EvaluationError = new EvaluationError("a value is no entity");
export const NOT_RECORD: EvaluationError = new EvaluationError("a value has no attributes");
export const NOT_ORDERED: EvaluationError = new EvaluationError("values have no order");
export const NOT_EXTENSION: EvaluationError = new EvaluationError("a value does not fit the function");
export const OVERFLOW: EvaluationError = new EvaluationError("a number leaves the range of 64 bits");
export const NO_ENTITY: EvaluationError = new EvaluationError("an entity does not exist");
export const NO_ATTRIBUTE: EvaluationError = new EvaluationError("an attribute does not exist");
export const NO_TAG: EvaluationError = new EvaluationError("a tag does not exist");
export const BAD_ARITY: EvaluationError = new EvaluationError("a function has the wrong number of arguments");
export const BAD_LITERAL: EvaluationError = new EvaluationError("a text is not of the form that its function takes");
export const BAD_JSON: EvaluationError = new EvaluationError("a value is none that Cedar has");
