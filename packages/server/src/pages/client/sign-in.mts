import { need, run, say } from "./elements.mts";
import { call } from "./http.mts";
import { passkeysWork, usePasskey } from "./passkey.mts";
import { start } from "./start.mts";

start(() => {
  if (!passkeysWork()) return;
  const button = need("sign-in");
  button.addEventListener("click", () => {
    run(button, "You are not signed in.", async () => {
      const options = await call<PublicKeyCredentialRequestOptionsJSON>("POST", "/v1/session/options", {});
      say("Waiting for your passkey.");
      const response = await usePasskey(options);
      await call("POST", "/v1/session", { response });
      location.assign(button.dataset["next"] ?? "/");
    });
  });
});
