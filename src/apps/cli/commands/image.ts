// garrison image: what is in an image and what is wrong with it, without a server and without sending anything anywhere. Each sub-command is a file in image/.
import type { CommandUnit } from "./command.ts";
import { imageCommands } from "./image/list.ts";

export const image: CommandUnit = {
  name: "image",
  add(program, run) {
    const group = program
      .command("image")
      .summary("images: scan for vulnerabilities and secrets, write an SBOM, get build advice")
      .description(
        "Looks into images where they are: a registry, an archive, an OCI layout, containerd's store, a folder, a running container, or an SBOM. Nothing is sent anywhere but the registry of the reference.",
      );
    for (const unit of imageCommands) unit.add(group, run);
  },
};
