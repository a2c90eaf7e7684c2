// garrison config: what can be set, by which names, and whether a file is right, without starting anything.
import { fieldsOf, type ConfigField } from "../../../edge/config/fields.ts";
import { loadConfig } from "../../../edge/config/load.ts";
import { Fault } from "../../../base/fault.ts";
import { nearest } from "../../../base/nearest.ts";
import { appNames, apps } from "../apps.ts";
import { render } from "../output/format.ts";
import { upSchema } from "../up-config.ts";
import { appDefaults, appNamed } from "./run.ts";
import type { CommandUnit } from "./command.ts";

export const config: CommandUnit = {
  name: "config",
  add(program, run) {
    const group = program.command("config").summary("what can be set, and whether a file is right");
    group
      .command("explain")
      .summary("every setting with its key, flag, default and meaning; -o wide adds the variable")
      .argument("[key]", "one key, or a part of one")
      .option(
        "--app <app>",
        `for \`garrison run\`: ${appNames.join(", ")} (default: all, as \`garrison up\` takes them)`,
      )
      .action(
        run<{ app?: string }>(async (context, { args, options }) => {
          const fields = fieldsOf(await schemaFor(options.app));
          const [key] = args;
          const found =
            key === undefined ? fields : fields.filter((field) => field.key === key || field.key.includes(key));
          if (found.length === 0) throw unknown(key ?? "", fields);
          const columns = [
            { title: "key", value: (field: ConfigField) => field.key },
            { title: "flag", value: (field: ConfigField) => field.flag },
            { title: "variable", value: (field: ConfigField) => field.variable, isWide: true as const },
            { title: "default", value: (field: ConfigField) => shown(field) },
            { title: "meaning", value: (field: ConfigField) => field.description },
          ];
          await context.print(
            render(
              found,
              { columns, name: (field) => field.key },
              { format: context.flags.output ?? "table", width: context.width },
            ),
          );
        }),
      );
    group
      .command("check")
      .summary("validate a configuration file; exit code 2 when it is wrong")
      .argument("<file>")
      .option("--app <app>", "as for explain")
      .action(
        run<{ app?: string }>(async (context, { args, options }) => {
          const [file = ""] = args;
          const schema = await schemaFor(options.app);
          const { origins } = await loadConfig(schema, {
            file,
            environment: context.environment,
            flags: {},
            app: options.app,
            defaults: options.app === undefined ? {} : appDefaults(fieldsOf(schema), context.environment),
          });
          const set = [...origins.values()].filter((origin) => origin !== "default").length;
          await context.print(`${file}: ok, ${set} settings\n`);
        }),
      );
  },
};

async function schemaFor(app: string | undefined): ReturnType<typeof upSchema> {
  return app === undefined ? await upSchema() : await apps[appNamed(app)].schema();
}

function shown(field: ConfigField): string {
  if (field.default === undefined) return "-";
  return typeof field.default === "string" ? field.default || '""' : JSON.stringify(field.default);
}

function unknown(key: string, fields: readonly ConfigField[]): Fault {
  const close = nearest(
    key,
    fields.map((field) => field.key),
  );
  return new Fault(`there is no setting "${key}"${close === undefined ? "" : `, did you mean "${close}"?`}`, {
    code: "config/unknown-key",
    kind: "not-found",
    hint: "`garrison config explain` lists all",
  });
}
