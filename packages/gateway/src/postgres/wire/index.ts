export type { TransactionStatus } from "./backend-body.ts";
export {
  readAuthentication,
  readBackendKey,
  readCommandTag,
  readFields,
  readMechanisms,
  readParameterStatus,
  readReady,
} from "./backend-body.ts";
export type { BackendEvent } from "./backend-reader.ts";
export { BackendReader } from "./backend-reader.ts";
export type { ErrorFields } from "./backend-writer.ts";
export {
  AUTHENTICATION_OK,
  writeBackendKey,
  writeError,
  writeNegotiation,
  writeParameterStatus,
  writeReady,
} from "./backend-writer.ts";
export type { BindMessage, ExecuteMessage, FrontendMessage, ParseMessage } from "./frontend-message.ts";
export { FrontendReader } from "./frontend-reader.ts";
export {
  COPY_DONE,
  FLUSH,
  SSL_REQUEST,
  SYNC,
  TERMINATE,
  writeBind,
  writeCancelRequest,
  writeClose,
  writeCopyFail,
  writeDescribe,
  writeExecute,
  writeParse,
  writeQuery,
  writeSaslInitial,
  writeSaslResponse,
  writeStartup,
} from "./frontend-writer.ts";
export type { StartupPacket } from "./startup-packet.ts";
export { STARTUP_BYTES, readStartup } from "./startup-packet.ts";
