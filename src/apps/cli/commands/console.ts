// garrison console: a fresh address for the browser, with a token that works once.
import { ask, clientOf } from "../context.ts";
import type { CommandUnit } from "./command.ts";

export const console_: CommandUnit = {
  name: "console",
  add(program, run) {
    program
      .command("console")
      .summary("print an address for the browser that works once")
      .action(
        run(async (context) => {
          const { base } = await clientOf(context);
          const { token, expiresAt } = await ask(context, "createOneTimeToken", {});
          await context.print(`${base}/#token=${token}\n`);
          context.say(`works once, until ${expiresAt}`);
        }),
      );
  },
};
