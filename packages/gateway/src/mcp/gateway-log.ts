/** Where the gateway writes what an operator may want to know. Messages are constant, data is in the fields, secrets are in neither. */
export interface GatewayLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
