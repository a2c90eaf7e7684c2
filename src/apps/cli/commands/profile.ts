// garrison profile: least-privilege profiles from what was really used: of a workload from the server, or of a command that is run and learnt here.
import { Argument, Option } from "commander";
import { profileKinds, profileModes } from "../../../model/runtime-words.ts";
import type { CommandUnit } from "./command.ts";

export interface ProfileFlags {
  readonly mode: (typeof profileModes)[number];
  readonly container?: string;
  readonly image?: string;
  readonly runtime: "runc" | "crun";
  readonly since?: string;
  readonly patch?: boolean;
  readonly diff?: boolean;
  readonly command?: boolean;
}

export const profile: CommandUnit = {
  name: "profile",
  add(program, run) {
    program
      .command("profile")
      .summary("seccomp, AppArmor, capability and sysctl profiles from what was seen used")
      .addArgument(new Argument("<kind>", "which profile").choices(profileKinds))
      .argument("<workload...>", "NAME, NAMESPACE/NAME or NAMESPACE/KIND/NAME; with --command: -- and a command line")
      .addOption(
        new Option("--mode <mode>", "log: what is outside is logged and passes; enforce: it is refused")
          .choices(profileModes)
          .default("log"),
      )
      .option("--container <name>", "which container of the pod (default: the first)")
      .option("--image <digest>", "only what this image did (default: all that are kept)")
      .addOption(
        new Option("--runtime <name>", "whose start needs are added").choices(["runc", "crun"]).default("runc"),
      )
      .option("--since <time>", "learnt since: 2h, 7d or RFC 3339 (default 30d)")
      .option("--patch", "print the change of the workload's manifest instead of the profile")
      .option("--diff", "print what is kept and removed against the runtime's default")
      .option("--command", "run the command line here, as root, learn it and print its profile (seccomp, capabilities)")
      .addHelpText(
        "after",
        "\nThe profile goes to standard output, what to know about it to standard error.\nWith --command the exit code is 1 when the program did not end with 0 (how it ended is said); the profile is printed all the same.\n\nExamples:\n" +
          "  garrison profile seccomp shop/web > web.json\n  garrison profile seccomp shop/web --mode enforce --patch\n" +
          "  garrison profile capabilities shop/web --diff\n  sudo garrison profile seccomp --command -- curl -s http://127.0.0.1:8080",
      )
      .action(
        run<ProfileFlags>(async (context, input) =>
          (await import("./profile/run-profile.ts")).runProfile(context, input),
        ),
      );
  },
};
